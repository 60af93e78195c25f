//! A receiver of messages that does as it is told: takes them, refuses them, or never answers.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Refuses,
    NeverAnswers,
}

/// A message as it arrived.
#[derive(Clone)]
pub struct Message {
    pub headers: HeaderMap,
    pub body: String,
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        self.json()["text"].as_str().unwrap().to_owned()
    }
}

struct Shared {
    mood: Mutex<Mood>,
    taken: Mutex<Vec<Message>>,
    tries: AtomicUsize,
}

pub struct Receiver {
    shared: Arc<Shared>,
    pub url: String,
}

async fn take(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    shared.tries.fetch_add(1, Ordering::SeqCst);
    let mood = *shared.mood.lock().unwrap();
    match mood {
        Mood::Takes => {
            let body = String::from_utf8(body.to_vec()).unwrap();
            shared.taken.lock().unwrap().push(Message { headers, body });
            (StatusCode::OK, "ok")
        }
        Mood::Refuses => (StatusCode::INTERNAL_SERVER_ERROR, "rollup_error"),
        Mood::NeverAnswers => std::future::pending().await,
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared {
            mood: Mutex::new(Mood::Takes),
            taken: Mutex::default(),
            tries: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/services/T0/B0/secret", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { shared, url }
    }

    pub fn is(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    pub fn taken(&self) -> Vec<Message> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// Calls so far, whatever came of them.
    pub fn tries(&self) -> usize {
        self.shared.tries.load(Ordering::SeqCst)
    }
}
