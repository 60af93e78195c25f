//! Native notifications: takes what the daemon wants shown, shows it, tells the daemon, reacts to a click.
//!
//! The daemon keeps what waits; nothing is lost while the window or the notification service is away.

use std::{collections::HashSet, sync::Arc, thread, time::Duration};

use notify_rust::{Notification, Timeout, Urgency};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::daemon_link::{CallRequest, Link};

/// More than this at once is told in one summary instead.
const SINGLE_MAX: usize = 5;
/// Each waits for a click in a thread of its own; later ones are shown without a click.
const CLICKS_AWAITED_MAX: usize = 50;
/// How often it is tried again when there is no notification service.
const RETRY_EVERY: Duration = Duration::from_secs(30);
/// A notification service that hangs must not hold up the rest.
const SHOW_TIMEOUT: Duration = Duration::from_secs(30);
/// One page of waiting notifications; the rest follows when these are shown.
const PAGE: &str = "/v1/notifications?limit=500";

/// Called with an alert's id when a person clicks its notification.
pub type OpenAlert = Arc<dyn Fn(&str) + Send + Sync>;

/// One thing the daemon wants a person to see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Item {
    id: String,
    alert_id: Option<String>,
    title: String,
    body: String,
    #[serde(default)]
    urgency: String,
    #[serde(default)]
    created_at: String,
}

/// What is shown at once, and the items that are shown by it.
#[derive(Debug, PartialEq, Eq)]
struct Bubble {
    title: String,
    body: String,
    critical: bool,
    alert_id: Option<String>,
    item_ids: Vec<String>,
}

/// Drains the daemon's notifications for as long as the window lives.
pub async fn run(link: Arc<Link>, open: OpenAlert) {
    let mut drain = Drain {
        link,
        open,
        clicks: Arc::new(Semaphore::new(CLICKS_AWAITED_MAX)),
        shown: HashSet::new(),
        was_failing: false,
    };
    let mut complete = true;
    loop {
        let reconnected = if complete {
            drain.link.notifications_due().await
        } else {
            tokio::time::timeout(RETRY_EVERY, drain.link.notifications_due()).await.unwrap_or(false)
        };
        complete = match drain.once(reconnected).await {
            Ok(()) => {
                drain.was_failing = false;
                true
            }
            Err(reason) => {
                if !drain.was_failing {
                    tracing::warn!(reason, "notifications wait until they can be shown");
                }
                drain.was_failing = true;
                false
            }
        };
    }
}

struct Drain {
    link: Arc<Link>,
    open: OpenAlert,
    clicks: Arc<Semaphore>,
    /// Seen by the person, but the daemon does not know it yet.
    shown: HashSet<String>,
    was_failing: bool,
}

impl Drain {
    async fn once(&mut self, reconnected: bool) -> Result<(), String> {
        loop {
            let page: Page = self.ask("GET", PAGE.to_owned()).await?;
            if page.items.is_empty() {
                self.shown.clear();
                return Ok(());
            }
            let (known, fresh): (Vec<Item>, Vec<Item>) =
                page.items.into_iter().partition(|item| self.shown.contains(&item.id));
            self.mark_shown(known.into_iter().map(|item| item.id).collect()).await?;
            for bubble in plan(fresh, reconnected) {
                self.show(&bubble).await?;
                self.shown.extend(bubble.item_ids.iter().cloned());
                self.mark_shown(bubble.item_ids).await?;
            }
        }
    }

    async fn show(&self, bubble: &Bubble) -> Result<(), String> {
        let permit = Arc::clone(&self.clicks).try_acquire_owned().ok();
        let (tell, told) = oneshot::channel();
        let (notification, alert_id) = (prepare(bubble), bubble.alert_id.clone());
        let open = Arc::clone(&self.open);
        thread::Builder::new()
            .name("notification".to_owned())
            .spawn(move || show_and_wait(notification, alert_id, permit, tell, &open))
            .map_err(|e| format!("no thread for a notification: {e}"))?;
        match tokio::time::timeout(SHOW_TIMEOUT, told).await {
            Ok(Ok(shown)) => shown,
            Ok(Err(_)) | Err(_) => Err("the notification service does not answer".to_owned()),
        }
    }

    async fn mark_shown(&mut self, ids: Vec<String>) -> Result<(), String> {
        for id in ids {
            let path = format!("/v1/notifications/{}/shown", encode(&id));
            let _: serde_json::Value = self.ask("POST", path).await?;
            self.shown.remove(&id);
        }
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str, path: String) -> Result<T, String> {
        let request = CallRequest { method: method.to_owned(), path, body: None };
        let answer = self.link.call(request).await.map_err(|e| e.message)?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("the daemon answered {} about notifications", answer.status));
        }
        let body = if answer.body.trim().is_empty() { "null" } else { &answer.body };
        serde_json::from_str(body).map_err(|e| format!("notifications cannot be read: {e}"))
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Item>,
}

/// Each item by itself, or one summary for many: nobody reads twelve bubbles.
fn plan(mut items: Vec<Item>, reconnected: bool) -> Vec<Bubble> {
    items.sort_by(|a, b| a.created_at.cmp(&b.created_at));
    let is_critical = |item: &Item| item.urgency == "critical";
    match items.last() {
        Some(newest) if items.len() > SINGLE_MAX => {
            let when = if reconnected { "alerts while you were away" } else { "new alerts" };
            vec![Bubble {
                title: format!("{} {when}", items.len()),
                body: format!("The newest: {}\n{}", newest.title, newest.body),
                critical: items.iter().any(is_critical),
                alert_id: newest.alert_id.clone(),
                item_ids: items.iter().map(|item| item.id.clone()).collect(),
            }]
        }
        _ => items
            .into_iter()
            .map(|item| Bubble {
                critical: is_critical(&item),
                title: item.title,
                body: item.body,
                alert_id: item.alert_id,
                item_ids: vec![item.id],
            })
            .collect(),
    }
}

fn prepare(bubble: &Bubble) -> Notification {
    let mut notification = Notification::new();
    notification.appname("Cartwarden").icon("cartwarden").summary(&bubble.title).body(&bubble.body);
    notification.timeout(Timeout::Default);
    notification.urgency(if bubble.critical { Urgency::Critical } else { Urgency::Normal });
    if bubble.alert_id.is_some() {
        notification.action("default", "Open alert").action("open", "Open alert");
    }
    notification
}

/// Runs on a thread of its own: every step blocks on the session bus.
fn show_and_wait(
    mut notification: Notification,
    alert_id: Option<String>,
    permit: Option<OwnedSemaphorePermit>,
    tell: oneshot::Sender<Result<(), String>>,
    open: &OpenAlert,
) {
    let markup = notify_rust::get_capabilities()
        .is_ok_and(|known| known.iter().any(|capability| capability == "body-markup"));
    if markup {
        let body = escape(&notification.body);
        notification.body(&body);
    }
    let handle = match notification.show() {
        Ok(handle) => handle,
        Err(e) => {
            let _ = tell.send(Err(format!("the notification service cannot be used: {e}")));
            return;
        }
    };
    // The asker may have given up waiting; the person sees the bubble all the same.
    let _ = tell.send(Ok(()));
    if let (Some(alert_id), Some(_permit)) = (alert_id, permit) {
        handle.wait_for_action(|action| {
            if matches!(action, "default" | "open") {
                open(&alert_id);
            }
        });
    }
}

/// A service that reads markup must show "Pick & Pay" as it is.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An id as one segment of a path.
fn encode(id: &str) -> String {
    let mut encoded = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: usize, urgency: &str) -> Item {
        Item {
            id: format!("n{number}"),
            alert_id: Some(format!("a{number}")),
            title: format!("Title {number}"),
            body: "Merchant: Pick & Pay".to_owned(),
            urgency: urgency.to_owned(),
            created_at: format!("2026-01-05T08:00:{number:02}.000Z"),
        }
    }

    #[test]
    fn a_few_are_shown_one_by_one_oldest_first() {
        let bubbles = plan((0..SINGLE_MAX).rev().map(|n| item(n, "normal")).collect(), true);
        let ids: Vec<&str> = bubbles.iter().map(|bubble| bubble.item_ids[0].as_str()).collect();
        assert_eq!(ids, ["n0", "n1", "n2", "n3", "n4"]);
        assert_eq!(bubbles[0].title, "Title 0");
        assert!(!bubbles[0].critical);
        assert_eq!(plan(Vec::new(), true), []);
    }

    #[test]
    fn many_become_one_summary_that_opens_the_newest() {
        let mut items: Vec<Item> = (0..12).map(|n| item(n, "normal")).collect();
        items[3].urgency = "critical".to_owned();
        items.reverse();
        let bubbles = plan(items.clone(), true);
        assert_eq!(bubbles.len(), 1);
        assert_eq!(bubbles[0].title, "12 alerts while you were away");
        assert_eq!(bubbles[0].alert_id.as_deref(), Some("a11"));
        assert_eq!(bubbles[0].item_ids.len(), 12);
        assert!(bubbles[0].critical);
        assert_eq!(plan(items, false)[0].title, "12 new alerts");
    }

    #[test]
    fn text_and_ids_pass_unharmed() {
        assert_eq!(escape("Pick & Pay <b>"), "Pick &amp; Pay &lt;b&gt;");
        assert_eq!(encode("n-1_a"), "n-1_a");
        assert_eq!(encode("a/../b é"), "a%2F%2E%2E%2Fb%20%C3%A9");
    }
}
