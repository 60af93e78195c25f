//! Keys of machines, and the audit log.

use super::access::Person;
use super::list::{Paging, Query, given};
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::clock;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::audit::{self, AuditEntry};
use store::keys::{self, PartnerKey, Scope};
use store::{Lane, Page};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    pub items: Vec<PartnerKey>,
    pub next: Option<String>,
}

/// Every key, newest first; secrets are never shown again.
#[utoipa::path(get, operation_id = "key_list", path = "/v1/keys", tag = "desk", responses((status = 200, body = KeyList)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<KeyList>, ApiError> {
    Ok(Json(KeyList { items: keys::list(&app.database).await?, next: None }))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewKey {
    pub name: String,
    pub scope: Scope,
}

/// A new key with its secret, shown this once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyWithSecret {
    #[serde(flatten)]
    pub key: PartnerKey,
    pub secret: String,
}

/// Longest name of a key, in characters.
const NAME_CHARS_MAX: usize = 64;

/// Checks a key's name.
///
/// # Errors
/// 422 when it is empty, too long or not printable.
pub fn check_name(name: &str) -> Result<(), ApiError> {
    if fraud::ids::is_id(name) && name.chars().count() <= NAME_CHARS_MAX {
        Ok(())
    } else {
        Err(ApiError::wrong(
            "name",
            format!("a name of 1 to {NAME_CHARS_MAX} printable characters is needed"),
        ))
    }
}

/// Adds a key.
#[utoipa::path(post, operation_id = "key_add", path = "/v1/keys", tag = "desk", request_body = NewKey,
    responses((status = 200, body = KeyWithSecret), (status = 422, body = ErrorBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<KeyWithSecret>, ApiError> {
    let asked: NewKey = read_json(&body)?;
    check_name(&asked.name)?;
    let secret = new_secret()?;
    let (now, actor, digest) = (app.clock.now(), person.actor(), keys::digest(&secret));
    let id = clock::id("key", now);
    let key = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { keys::add(tx, &id, &asked.name, asked.scope, &digest, &actor, now).await })
        })
        .await?;
    app.keys.reload(&app.database).await?;
    Ok(Json(KeyWithSecret { key, secret }))
}

/// 256 random bits, marked as ours so that a leaked one is recognised.
///
/// # Errors
/// When the system has no random source.
pub fn new_secret() -> Result<String, ApiError> {
    let secret = clock::secret().map_err(|error| ApiError::not_ready(error.to_string()))?;
    Ok(format!("cw_{secret}"))
}

/// Revokes a key by id, or by a name that only one live key bears.
#[utoipa::path(post, operation_id = "key_revoke", path = "/v1/keys/{id}/revoke", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = PartnerKey), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
) -> Result<Json<PartnerKey>, ApiError> {
    let (now, actor) = (app.clock.now(), person.actor());
    let key = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { keys::revoke(tx, &id, &actor, now).await }))
        .await?;
    app.keys.reload(&app.database).await?;
    Ok(Json(key))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Such as card:ID or alert:ID.
    subject: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "desk", params(AuditQuery), responses((status = 200, body = Page<AuditEntry>)))]
pub async fn audit_log(
    State(app): State<Arc<App>>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    let subject = given(query.subject);
    Ok(Json(audit::list(&app.database, subject.as_deref(), cursor.as_ref(), limit).await?))
}
