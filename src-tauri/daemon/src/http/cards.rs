//! Cards: the live list, one card, and the one click that deactivates it.

use super::access::Person;
use super::list::{Paging, Query, given};
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::audit::{self, AuditEntry};
use store::cards::{self, Card, CardCounts, CardFilter, CardSort, StatusChange};
use store::{Lane, Page};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub struct CardList {
    pub items: Vec<Card>,
    pub next: Option<String>,
    pub counts: CardCounts,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CardsQuery {
    /// active, deactivated or held (deactivated by a rule, awaiting a person)
    status: Option<String>,
    /// Part of the masked number, the id or the shopper's name.
    q: Option<String>,
    /// last_swipe, open_alerts or masked_number
    sort: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// What a query asks for, apart from the page.
///
/// # Errors
/// 422 for an order we do not know.
pub(super) fn filter(query: CardsQuery) -> Result<CardFilter, ApiError> {
    let sort = match given(query.sort).as_deref() {
        None | Some("last_swipe") => CardSort::LastSwipe,
        Some("open_alerts") => CardSort::OpenAlerts,
        Some("masked_number") => CardSort::MaskedNumber,
        Some(_) => return Err(ApiError::wrong("sort", "sort by last_swipe, open_alerts or masked_number")),
    };
    Ok(CardFilter { status: given(query.status), q: given(query.q), sort })
}

/// Cards by last swipe, open alerts or number.
#[utoipa::path(get, operation_id = "card_list", path = "/v1/cards", tag = "desk", params(CardsQuery),
    responses((status = 200, body = CardList), (status = 422, body = ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<CardsQuery>,
) -> Result<Json<CardList>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor.clone() }.read()?;
    let filter = filter(query)?;
    let (page, counts) = cards::list(&app.database, &filter, cursor.as_ref(), limit, app.clock.now()).await?;
    Ok(Json(CardList { items: page.items, next: page.next, counts }))
}

/// One card, by any of its ids.
#[utoipa::path(get, operation_id = "card_get", path = "/v1/cards/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Card), (status = 404, body = ErrorBody)))]
pub async fn get(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Card>, ApiError> {
    Ok(Json(cards::read(&app.database, &id, app.clock.now()).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct DeactivateCard {
    pub reason: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ActivateCard {
    pub reason: Option<String>,
}

/// Longest reason or note, in characters.
const WORDS_CHARS_MAX: usize = 1_000;

fn words(field: &'static str, text: Option<String>) -> Result<Option<String>, ApiError> {
    match given(text) {
        Some(text) if text.chars().count() > WORDS_CHARS_MAX => {
            Err(ApiError::wrong(field, format!("at most {WORDS_CHARS_MAX} characters")))
        }
        Some(text) if fraud::card_number::find(&text).is_some() => Err(ApiError {
            code: "full_card_number".into(),
            ..ApiError::wrong(field, "write the first six and last four digits of a card only")
        }),
        text => Ok(text),
    }
}

/// Deactivates a card at once: the next swipe is declined. A second click changes nothing.
#[utoipa::path(post, path = "/v1/cards/{id}/deactivate", tag = "desk", params(("id" = String, Path)), request_body = DeactivateCard,
    responses((status = 200, body = Card), (status = 404, body = ErrorBody)))]
pub async fn deactivate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<Card>, ApiError> {
    let asked: DeactivateCard =
        if body.is_empty() { DeactivateCard { reason: None, note: None } } else { read_json(&body)? };
    let change = StatusChange {
        deactivate: true,
        hold: None,
        reason: words("reason", asked.reason)?.unwrap_or_else(|| "Suspicious card activity".into()),
        note: words("note", asked.note)?,
        actor: person.actor(),
    };
    set_status(&app, id, change).await
}

/// Reactivates a card; a reason is needed.
#[utoipa::path(post, path = "/v1/cards/{id}/activate", tag = "desk", params(("id" = String, Path)), request_body = ActivateCard,
    responses((status = 200, body = Card), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn activate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<Card>, ApiError> {
    let asked: ActivateCard = if body.is_empty() { ActivateCard { reason: None } } else { read_json(&body)? };
    let reason = words("reason", asked.reason)?
        .ok_or_else(|| ApiError::wrong("reason", "say why the card is reactivated"))?;
    set_status(
        &app,
        id,
        StatusChange { deactivate: false, hold: None, reason, note: None, actor: person.actor() },
    )
    .await
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ConfirmHold {
    pub note: Option<String>,
}

/// Confirms a rule's temporary hold: the card stays deactivated. To lift it, reactivate the card.
#[utoipa::path(post, path = "/v1/cards/{id}/confirm-hold", tag = "desk", params(("id" = String, Path)), request_body = ConfirmHold,
    responses((status = 200, body = Card), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn confirm_hold(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<Card>, ApiError> {
    let asked: ConfirmHold = if body.is_empty() { ConfirmHold { note: None } } else { read_json(&body)? };
    let (note, now, actor) = (words("note", asked.note)?, app.clock.now(), person.actor());
    let card = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { cards::confirm_hold(tx, &id, note.as_deref(), &actor, now).await })
        })
        .await?;
    Ok(Json(card))
}

async fn set_status(app: &App, id: String, change: StatusChange) -> Result<Json<Card>, ApiError> {
    let now = app.clock.now();
    let card = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { cards::set_status(tx, &id, &change, now).await }))
        .await?;
    // Before the answer, so that not even a stand-in approves the card from now on.
    app.deactivated.reload(&app.database).await?;
    Ok(Json(card))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    limit: Option<i64>,
    cursor: Option<String>,
}

/// What people and rules did with a card, newest first.
#[utoipa::path(get, path = "/v1/cards/{id}/history", tag = "desk", params(("id" = String, Path), PageQuery),
    responses((status = 200, body = Page<AuditEntry>)))]
pub async fn history(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    let card = cards::read(&app.database, &id, app.clock.now()).await?;
    let subject = format!("card:{}", card.id);
    Ok(Json(audit::list(&app.database, Some(&subject), cursor.as_ref(), limit).await?))
}
