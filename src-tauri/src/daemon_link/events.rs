//! Follows the daemon's event stream for as long as the window lives and passes on what changed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use reqwest::header::ACCEPT;
use serde::{Deserialize, Serialize};

use super::{Endpoint, Link, backoff::Backoff, coalesce::Coalescer, sse::SseParser};

/// The daemon sends a keep-alive more often than this; silence is a dead connection.
const SILENCE_MAX: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Something changed in the daemon. `lagged` means that anything may have: refetch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Changed {
    pub kind: String,
    #[serde(default)]
    pub id: String,
}

impl Changed {
    pub fn lagged() -> Self {
        Self { kind: "lagged".to_owned(), id: String::new() }
    }
}

/// Emits every change, thinned to one per thing and 50 ms. Never returns.
///
/// Each new connection begins with `lagged`: what happened before it was missed.
pub async fn follow(link: Arc<Link>, emit: impl Fn(Changed)) {
    let mut backoff = Backoff::default();
    let mut endpoints = link.endpoint.subscribe();
    loop {
        let endpoint = match endpoints.wait_for(Option::is_some).await {
            Ok(endpoint) => endpoint.clone(),
            Err(_) => return,
        };
        let Some(endpoint) = endpoint else { continue };
        let begun = Instant::now();
        if let Err(reason) = follow_once(&link, &endpoint, &emit).await {
            tracing::info!(reason, "the event stream ended");
        }
        let worked = Instant::now().duration_since(begun);
        tokio::time::sleep(backoff.after(worked)).await;
    }
}

/// Follows one connection until it ends, which is always an error of some kind.
async fn follow_once(link: &Link, endpoint: &Endpoint, emit: &impl Fn(Changed)) -> Result<(), String> {
    let request = link
        .http
        .get(format!("{}/v1/events", endpoint.base))
        .bearer_auth(&endpoint.token)
        .header(ACCEPT, "text/event-stream")
        .send();
    let mut stream = tokio::time::timeout(CONNECT_TIMEOUT, request)
        .await
        .map_err(|_| "no answer to the subscription".to_owned())?
        .and_then(reqwest::Response::error_for_status)
        .map_err(|e| e.without_url().to_string())?;

    emit(Changed::lagged());
    link.reconnected.store(true, Ordering::Relaxed);
    link.notifications_due.notify_one();
    let (mut parser, mut coalescer) = (SseParser::default(), Coalescer::default());
    let mut silent_since = Instant::now();
    loop {
        let wake = coalescer.next_due().unwrap_or(silent_since + SILENCE_MAX);
        tokio::select! {
            chunk = stream.chunk() => {
                let chunk = chunk.map_err(|e| e.without_url().to_string())?;
                let chunk = chunk.ok_or("closed by the daemon")?;
                silent_since = Instant::now();
                let events = parser.push(&chunk).map_err(|_| "an event was too long")?;
                for changed in events.iter().filter_map(|data| parse(data)) {
                    if changed.kind == "notification" {
                        link.notifications_due.notify_one();
                    }
                    if let Some(now) = coalescer.offer(changed, silent_since) {
                        emit(now);
                    }
                }
            }
            () = tokio::time::sleep_until(wake.into()) => {}
        }
        let now = Instant::now();
        coalescer.due(now).into_iter().for_each(emit);
        if now.duration_since(silent_since) >= SILENCE_MAX {
            return Err("silent for too long".to_owned());
        }
    }
}

fn parse(data: &str) -> Option<Changed> {
    serde_json::from_str(data)
        .inspect_err(|e| tracing::warn!(error = %e, "an event of the daemon cannot be read"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_without_an_id_is_read_and_nonsense_is_skipped() {
        let changed = |kind: &str, id: &str| Changed { kind: kind.to_owned(), id: id.to_owned() };
        assert_eq!(parse(r#"{"kind":"alert","id":"a1"}"#), Some(changed("alert", "a1")));
        assert_eq!(parse(r#"{"kind":"health"}"#), Some(changed("health", "")));
        assert_eq!(parse("ping"), None);
    }
}
