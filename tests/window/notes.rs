//! A notification service for the private session bus: it keeps what it is shown and can click on it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use zbus::{Connection, OwnedVariant, interface, object_server::SignalEmitter};

const PATH: &str = "/org/freedesktop/Notifications";

/// One notification as the service received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: u32,
    pub app: String,
    pub summary: String,
    pub body: String,
    pub actions: Vec<String>,
}

/// Everything shown so far.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    pub fn all(&self) -> Vec<Note> {
        self.0.lock().expect("no test panics while holding it").clone()
    }
}

struct Service(Notes);

#[interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the interface has so many")]
    async fn notify(
        &self,
        app: String,
        replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expire: i32,
    ) -> u32 {
        let mut notes = self.0.0.lock().expect("no test panics while holding it");
        let next = u32::try_from(notes.len()).expect("few notifications") + 1;
        let id = if replaces > 0 { replaces } else { next };
        notes.push(Note { id, app, summary, body, actions });
        id
    }

    async fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "persistence"].map(String::from).into()
    }

    async fn get_server_information(&self) -> (String, String, String, String) {
        ("cartwarden-test".into(), "cartwarden".into(), "1".into(), "1.2".into())
    }

    async fn close_notification(&self, id: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        let _ = Self::notification_closed(&emitter, id, 3).await;
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

/// The service on the bus at `address`.
pub struct NoteService {
    pub notes: Notes,
    bus: Connection,
}

impl NoteService {
    pub async fn start(address: &str) -> Self {
        let notes = Notes::default();
        let bus = zbus::connection::Builder::address(address)
            .name("org.freedesktop.Notifications")
            .serve_at(PATH, Service(notes.clone()))
            .build()
            .await
            .expect("the private bus takes the service");
        Self { notes, bus }
    }

    /// What a person's click on a notification does. A service says it once, but the window listens
    /// only after it was told the id, so a test repeats it until the window reacts.
    pub async fn click(&self, id: u32, key: &str) {
        let service = self.bus.object_server().interface::<_, Service>(PATH).await;
        let service = service.expect("the service is served");
        Service::action_invoked(service.signal_emitter(), id, key).await.expect("the signal is sent");
    }
}
