//! Decisions: what was asked, what we answered and why, what became of it.

use super::list::{Paging, Query, given};
use super::{ApiError, ErrorBody, Json};
use crate::app::App;
use axum::extract::{Path, State};
use fraud::time::UnixMs;
use serde::Deserialize;
use std::sync::Arc;
use store::Page;
use store::authorizations::{self, Authorization, AuthorizationFilter};
use store::bank_events::{self, BankEvent};
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuthorizationsQuery {
    card_id: Option<String>,
    alert_id: Option<String>,
    /// approve or decline
    outcome: Option<String>,
    rule: Option<String>,
    simulated: Option<bool>,
    reference: Option<String>,
    /// By our time of receipt, inclusive.
    from: Option<String>,
    /// Exclusive.
    to: Option<String>,
    q: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

fn time(field: &'static str, text: Option<String>) -> Result<Option<UnixMs>, ApiError> {
    given(text)
        .map(|text| UnixMs::parse(&text).map_err(|message| ApiError::wrong(field, message)))
        .transpose()
}

/// What a query asks for, apart from the page.
///
/// # Errors
/// 422 for a time that is none.
pub(super) fn filter(query: AuthorizationsQuery) -> Result<AuthorizationFilter, ApiError> {
    Ok(AuthorizationFilter {
        card_id: given(query.card_id),
        alert_id: given(query.alert_id),
        outcome: given(query.outcome),
        rule: given(query.rule),
        simulated: query.simulated,
        from: time("from", query.from)?,
        to: time("to", query.to)?,
        reference: given(query.reference),
        q: given(query.q),
    })
}

/// Decisions, newest first.
#[utoipa::path(get, operation_id = "authorization_list", path = "/v1/authorizations", tag = "desk", params(AuthorizationsQuery),
    responses((status = 200, body = Page<Authorization>), (status = 422, body = ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<AuthorizationsQuery>,
) -> Result<Json<Page<Authorization>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor.clone() }.read()?;
    let filter = filter(query)?;
    Ok(Json(authorizations::list(&app.database, &app.writer, &filter, cursor.as_ref(), limit).await?))
}

/// One decision with everything it saw.
#[utoipa::path(get, operation_id = "authorization_get", path = "/v1/authorizations/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Authorization), (status = 404, body = ErrorBody)))]
pub async fn get(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Authorization>, ApiError> {
    Ok(Json(authorizations::get(&app.database, &app.writer, &id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BankEventsQuery {
    /// Only those that fit no authorization.
    unmatched: Option<bool>,
    authorization_id: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Reports of the bank, newest first.
#[utoipa::path(get, path = "/v1/bank-events", tag = "desk", params(BankEventsQuery),
    responses((status = 200, body = Page<BankEvent>)))]
pub async fn bank_events(
    State(app): State<Arc<App>>,
    Query(query): Query<BankEventsQuery>,
) -> Result<Json<Page<BankEvent>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    let of = given(query.authorization_id);
    let unmatched = query.unmatched.unwrap_or(false);
    Ok(Json(bank_events::list(&app.database, unmatched, of.as_deref(), cursor.as_ref(), limit).await?))
}
