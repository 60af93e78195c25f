//! Delivers messages to Slack and to shoppers, with retries; native ones wait for the window.

use crate::app::App;
use crate::clients::standard_webhooks;
use crate::metrics::Kind;
use fraud::time::SECOND_MS;
use std::sync::Arc;
use std::time::Duration;
use store::outbox::{self, Due, OutboxKind};
use store::settings::Settings;
use store::{Lane, StoreError};

/// Messages delivered in one go before due ones are looked up afresh.
const DUE_MAX: i64 = 50;
/// A receiver that needs longer is taken for dead until the next try.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What is kept of a receiver's words, in characters.
const ERROR_CHARS_MAX: usize = 300;
/// How often retries that have come due are looked for.
const EVERY: Duration = Duration::from_millis(500);

/// Delivers at every new message, and looks for due retries.
pub(super) async fn whenever_woken(app: Arc<App>) {
    let mut tags = app.writer.subscribe();
    let mut stop = app.stop.clone();
    let mut timer = tokio::time::interval(EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = timer.tick() => {}
            tag = tags.recv() => match tag {
                Ok(tag) if tag.kind == "outbox" => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => continue,
            },
        }
        let step = async { step(&app).await };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            done = step => if let Err(error) = done {
                tracing::warn!(%error, "messages could not be read or recorded");
            },
        }
    }
}

/// Tries every message that is due, once.
///
/// # Errors
/// `StoreError` from the database; a receiver that fails is recorded with the message.
pub(super) async fn step(app: &App) -> Result<(), StoreError> {
    let _one = app.delivering.lock().await;
    for kind in [OutboxKind::Slack, OutboxKind::ShopperWebhook] {
        loop {
            let due = outbox::due(&app.database, kind, app.clock.now(), DUE_MAX).await?;
            if due.is_empty() {
                break;
            }
            let settings = app.writer.versions().settings;
            for message in due {
                let failed = send(app, &settings, &message).await.err();
                let result = if failed.is_some() { "failed" } else { "delivered" };
                app.metrics.deliveries.get_or_create(&Kind { kind: result }).inc();
                record_try(app, message.id, failed).await?;
            }
        }
    }
    Ok(())
}

/// Records how a try ended.
///
/// # Errors
/// `StoreError` from the database.
pub async fn record_try(app: &App, id: String, failed: Option<String>) -> Result<(), StoreError> {
    let now = app.clock.now();
    app.writer
        .run(Lane::Bulk, move |tx| {
            Box::pin(async move { outbox::tried(tx, &id, failed.as_deref(), now).await })
        })
        .await
}

async fn send(app: &App, settings: &Settings, message: &Due) -> Result<(), String> {
    let (url, secret) = match message.kind {
        OutboxKind::Slack => (settings.slack_webhook_url.as_deref(), None),
        OutboxKind::ShopperWebhook => {
            (settings.shopper_webhook_url.as_deref(), settings.shopper_webhook_secret.as_deref())
        }
        OutboxKind::Native => return Ok(()),
    };
    let url = url.ok_or("no address is set for it")?;
    let parsed = reqwest::Url::parse(url).map_err(|_| "the address is not valid")?;
    let here = parsed.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let client = if here { &app.http_loopback } else { &app.http };
    let body = message.payload.to_string();
    let mut request = client.post(parsed).timeout(TIMEOUT).header("content-type", "application/json");
    if message.kind == OutboxKind::ShopperWebhook {
        let at = app.clock.now().0 / SECOND_MS;
        request = request.header("webhook-id", &message.id).header("webhook-timestamp", at.to_string());
        if let Some(secret) = secret.and_then(standard_webhooks::decode_secret)
            && let Some(signature) = standard_webhooks::signature(&secret, &message.id, at, &body)
        {
            request = request.header("webhook-signature", signature);
        }
    }
    match request.body(body).send().await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => {
            let status = response.status();
            let said: String =
                response.text().await.unwrap_or_default().chars().take(ERROR_CHARS_MAX).collect();
            Err(format!("answered {status} {said}").trim().to_owned())
        }
        // The address holds a secret, so it is left out.
        Err(error) => {
            let error = error.without_url();
            let cause =
                std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
            Err(format!("{error}{cause}").chars().take(ERROR_CHARS_MAX).collect())
        }
    }
}
