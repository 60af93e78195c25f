//! Replays of drafts: started, followed, cancelled.

use super::drafts::{AskedRule, compile};
use super::rules::bad_expression;
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::replay::{self, Replay};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub struct StartReplay {
    pub rule: AskedRule,
    /// By our time of receipt, inclusive.
    pub from: UnixMs,
    /// Exclusive; now unless told.
    pub to: Option<UnixMs>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayList {
    pub items: Vec<Replay>,
    pub next: Option<String>,
}

/// Judges a past period again with a draft of one rule, beside today's rules. Runs in the background.
#[utoipa::path(post, operation_id = "replay_start", path = "/v1/replays", tag = "desk", request_body = StartReplay,
    responses((status = 202, body = Replay), (status = 409, body = ErrorBody), (status = 422, body = super::rules::BadExpressionBody)))]
pub async fn start(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, ApiError> {
    let asked: StartReplay = read_json(&body)?;
    let rule = asked.rule.read(&app)?;
    if let Err(bad) = compile(&app, &rule) {
        return Ok(bad_expression(bad));
    }
    let to = asked.to.unwrap_or_else(|| app.clock.now().plus(1));
    if asked.from >= to {
        return Err(ApiError::wrong("from", "the period must begin before it ends"));
    }
    let replay = replay::start(&app, rule, asked.from, to)?;
    Ok((StatusCode::ACCEPTED, Json(replay)).into_response())
}

/// The last replays, newest first.
#[utoipa::path(get, operation_id = "replay_list", path = "/v1/replays", tag = "desk", responses((status = 200, body = ReplayList)))]
pub async fn list(State(app): State<Arc<App>>) -> Json<ReplayList> {
    Json(ReplayList { items: app.replays.all(), next: None })
}

fn found(replay: Option<Replay>, id: &str) -> Result<Json<Replay>, ApiError> {
    replay.map(Json).ok_or_else(|| ApiError::not_found(format!("replay {id} does not exist any more")))
}

/// One replay: how far it is, and what it found.
#[utoipa::path(get, operation_id = "replay_get", path = "/v1/replays/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Replay), (status = 404, body = ErrorBody)))]
pub async fn get(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Replay>, ApiError> {
    found(app.replays.get(&id), &id)
}

/// Stops a replay.
#[utoipa::path(post, operation_id = "replay_cancel", path = "/v1/replays/{id}/cancel", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Replay), (status = 404, body = ErrorBody)))]
pub async fn cancel(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Replay>, ApiError> {
    found(app.replays.cancel(&id), &id)
}
