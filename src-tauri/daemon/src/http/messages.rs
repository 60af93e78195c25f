//! Messages on their way out, and those the window drains.

use super::access::Person;
use super::list::{Paging, Query, given};
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::workers;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::outbox::{self, OutboxItem, OutboxKind};
use store::{Lane, Page};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OutboxQuery {
    /// pending, delivered or dead
    state: Option<String>,
    /// slack, shopper_webhook or native
    kind: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Messages, newest first.
#[utoipa::path(get, operation_id = "outbox_list", path = "/v1/outbox", tag = "desk", params(OutboxQuery), responses((status = 200, body = Page<OutboxItem>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<OutboxQuery>,
) -> Result<Json<Page<OutboxItem>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    let (state, kind) = (given(query.state), given(query.kind));
    Ok(Json(outbox::list(&app.database, state.as_deref(), kind.as_deref(), cursor.as_ref(), limit).await?))
}

/// Sends an undelivered message once more.
#[utoipa::path(post, path = "/v1/outbox/{id}/resend", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = OutboxItem), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn resend(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
) -> Result<Json<OutboxItem>, ApiError> {
    let (now, actor) = (app.clock.now(), person.actor());
    let item = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { outbox::resend(tx, &id, &actor, now).await }))
        .await?;
    Ok(Json(item))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct TestMessage {
    pub kind: OutboxKind,
}

/// Queues a message that tries a connection.
#[utoipa::path(post, path = "/v1/test-message", tag = "desk", request_body = TestMessage,
    responses((status = 200, body = OutboxItem), (status = 422, body = ErrorBody)))]
pub async fn test_message(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<OutboxItem>, ApiError> {
    let asked: TestMessage = read_json(&body)?;
    let settings = app.writer.versions().settings;
    let configured = match asked.kind {
        OutboxKind::Slack => settings.slack_webhook_url.is_some(),
        OutboxKind::ShopperWebhook => settings.shopper_webhook_url.is_some(),
        OutboxKind::Native => true,
    };
    if !configured {
        return Err(ApiError::wrong("kind", "set its address first"));
    }
    let (now, name) = (app.clock.now(), person.name);
    let item = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { outbox::push_test(tx, asked.kind, &name, now).await })
        })
        .await?;
    Ok(Json(item))
}

/// A native notification for the window to show.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    pub id: String,
    pub alert_id: Option<String>,
    pub title: String,
    pub body: String,
    /// normal or critical
    pub urgency: String,
    pub created_at: UnixMs,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationList {
    pub items: Vec<Notification>,
    pub next: Option<String>,
}

/// Notifications not yet shown, oldest first.
#[utoipa::path(get, path = "/v1/notifications", tag = "desk", responses((status = 200, body = NotificationList)))]
pub async fn notifications(State(app): State<Arc<App>>) -> Result<Json<NotificationList>, ApiError> {
    let due =
        outbox::due(&app.database, OutboxKind::Native, app.clock.now(), store::sql_page::LIMIT_MAX).await?;
    let text =
        |payload: &serde_json::Value, field: &str| payload[field].as_str().unwrap_or_default().to_owned();
    let items = due
        .into_iter()
        .map(|due| Notification {
            title: text(&due.payload, "title"),
            body: text(&due.payload, "body"),
            urgency: text(&due.payload, "urgency"),
            id: due.id,
            alert_id: due.alert_id,
            created_at: due.created_at,
        })
        .collect();
    Ok(Json(NotificationList { items, next: None }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationShown {
    pub shown: bool,
}

/// The window showed a notification.
#[utoipa::path(post, path = "/v1/notifications/{id}/shown", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = NotificationShown)))]
pub async fn shown(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<NotificationShown>, ApiError> {
    workers::record_try(&app, id, None).await?;
    Ok(Json(NotificationShown { shown: true }))
}
