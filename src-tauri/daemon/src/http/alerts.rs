//! The alert queue.

use super::access::Person;
use super::list::{Paging, Query, given};
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use fraud::alert::Disposition;
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Lane;
use store::alerts::{self, Act, Alert, AlertCounts, AlertDetail, AlertFilter};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub struct AlertList {
    pub items: Vec<Alert>,
    pub next: Option<String>,
    pub counts: AlertCounts,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertsQuery {
    /// open, in_review or resolved
    status: Option<String>,
    rule: Option<String>,
    card_id: Option<String>,
    /// info, warning or critical
    severity: Option<String>,
    /// A name, or `me`.
    assignee: Option<String>,
    simulated: Option<bool>,
    snoozed: Option<bool>,
    q: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

fn one_of(field: &'static str, value: Option<String>, words: &[&str]) -> Result<Option<String>, ApiError> {
    match given(value) {
        Some(word) if !words.contains(&word.as_str()) => {
            Err(ApiError::wrong(field, format!("{field} is one of {}", words.join(", "))))
        }
        word => Ok(word),
    }
}

/// What a query asks for, apart from the page.
///
/// # Errors
/// 422 when a word is none of the closed list.
pub(super) fn filter(query: AlertsQuery, person: &Person) -> Result<AlertFilter, ApiError> {
    Ok(AlertFilter {
        status: one_of("status", query.status, &["open", "in_review", "resolved"])?,
        rule: given(query.rule),
        card_id: given(query.card_id),
        severity: one_of("severity", query.severity, &["info", "warning", "critical"])?,
        assignee: given(query.assignee).map(|who| if who == "me" { person.name.clone() } else { who }),
        simulated: query.simulated,
        snoozed: query.snoozed,
        q: given(query.q),
    })
}

/// Alerts, newest first.
#[utoipa::path(get, operation_id = "alert_list", path = "/v1/alerts", tag = "desk", params(AlertsQuery),
    responses((status = 200, body = AlertList), (status = 422, body = ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    Query(query): Query<AlertsQuery>,
) -> Result<Json<AlertList>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor.clone() }.read()?;
    let (now, filter) = (app.clock.now(), filter(query, &person)?);
    let page = alerts::list(&app.database, &filter, cursor.as_ref(), limit, now).await?;
    let counts = alerts::counts(&app.database, &person.name, now).await?;
    Ok(Json(AlertList { items: page.items, next: page.next, counts }))
}

/// One alert with reasons and timeline.
#[utoipa::path(get, operation_id = "alert_get", path = "/v1/alerts/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = AlertDetail), (status = 404, body = ErrorBody)))]
pub async fn get(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<AlertDetail>, ApiError> {
    Ok(Json(alerts::read(&app.database, &id).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct DisposeAlert {
    /// confirmed_fraud, false_positive or inconclusive
    pub disposition: Disposition,
    pub note: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct AssignAlert {
    /// A name, `me`, or null for nobody.
    pub assignee: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct SnoozeAlert {
    /// Null wakes it.
    pub until: Option<UnixMs>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct NoteAlert {
    pub text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ReopenAlert {
    pub reason: String,
}

/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 4_000;

fn note(field: &'static str, text: String) -> Result<String, ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::wrong(field, "write something"));
    }
    if text.chars().count() > NOTE_CHARS_MAX {
        return Err(ApiError::wrong(field, format!("at most {NOTE_CHARS_MAX} characters")));
    }
    if fraud::card_number::find(&text).is_some() {
        let error = ApiError::wrong(field, "write the first six and last four digits of a card only");
        return Err(ApiError { code: "full_card_number".into(), ..error });
    }
    Ok(text)
}

async fn act(app: &App, id: String, act: Act, person: &Person) -> Result<Json<AlertDetail>, ApiError> {
    let (now, actor) = (app.clock.now(), person.actor());
    let done = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { alerts::act(tx, &id, &act, &actor, now).await }));
    Ok(Json(done.await?))
}

/// Says what an alert was; resolves it.
#[utoipa::path(post, path = "/v1/alerts/{id}/disposition", tag = "desk", params(("id" = String, Path)), request_body = DisposeAlert,
    responses((status = 200, body = AlertDetail), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn disposition(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<AlertDetail>, ApiError> {
    let asked: DisposeAlert = read_json(&body)?;
    if asked.disposition == Disposition::Explained {
        return Err(ApiError::wrong("disposition", "only late facts explain an alert: choose another word"));
    }
    let text = given(asked.note).map(|text| note("note", text)).transpose()?;
    act(&app, id, Act::Dispose { disposition: asked.disposition, note: text }, &person).await
}

/// Assigns an alert; it is then in review.
#[utoipa::path(post, path = "/v1/alerts/{id}/assign", tag = "desk", params(("id" = String, Path)), request_body = AssignAlert,
    responses((status = 200, body = AlertDetail), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn assign(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<AlertDetail>, ApiError> {
    let asked: AssignAlert = read_json(&body)?;
    let assignee = given(asked.assignee).map(|who| if who == "me" { person.name.clone() } else { who });
    let assignee = assignee.map(|who| note("assignee", who)).transpose()?;
    act(&app, id, Act::Assign { assignee }, &person).await
}

/// Puts an alert aside until a time.
#[utoipa::path(post, path = "/v1/alerts/{id}/snooze", tag = "desk", params(("id" = String, Path)), request_body = SnoozeAlert,
    responses((status = 200, body = AlertDetail), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn snooze(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<AlertDetail>, ApiError> {
    let asked: SnoozeAlert = read_json(&body)?;
    act(&app, id, Act::Snooze { until: asked.until }, &person).await
}

/// Adds a note.
#[utoipa::path(post, path = "/v1/alerts/{id}/note", tag = "desk", params(("id" = String, Path)), request_body = NoteAlert,
    responses((status = 200, body = AlertDetail), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn add_note(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<AlertDetail>, ApiError> {
    let asked: NoteAlert = read_json(&body)?;
    act(&app, id, Act::Note { text: note("text", asked.text)? }, &person).await
}

/// Opens a resolved alert again; a reason is needed.
#[utoipa::path(post, path = "/v1/alerts/{id}/reopen", tag = "desk", params(("id" = String, Path)), request_body = ReopenAlert,
    responses((status = 200, body = AlertDetail), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn reopen(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<AlertDetail>, ApiError> {
    let asked: ReopenAlert = read_json(&body)?;
    act(&app, id, Act::Reopen { reason: note("reason", asked.reason)? }, &person).await
}
