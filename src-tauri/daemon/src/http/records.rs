//! What ingest stored, for looking things up.

use super::list::{Paging, Query};
use super::{ApiError, ErrorBody, Json};
use crate::app::App;
use axum::extract::{Path, State};
use serde::Deserialize;
use std::sync::Arc;
use store::Page;
use store::records::{self, StoredRecord};
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordsQuery {
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Records of a kind, by id.
#[utoipa::path(get, operation_id = "record_list", path = "/v1/records/{kind}", tag = "desk", params(("kind" = String, Path), RecordsQuery),
    responses((status = 200, body = Page<StoredRecord>), (status = 404, body = ErrorBody)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    Query(query): Query<RecordsQuery>,
) -> Result<Json<Page<StoredRecord>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    Ok(Json(records::list(&app.database, &kind, cursor.as_ref(), limit).await?))
}

/// One record.
#[utoipa::path(get, operation_id = "record_get", path = "/v1/records/{kind}/{id}", tag = "desk", params(("kind" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = StoredRecord), (status = 404, body = ErrorBody)))]
pub async fn get(
    State(app): State<Arc<App>>,
    Path((kind, id)): Path<(String, String)>,
) -> Result<Json<StoredRecord>, ApiError> {
    Ok(Json(records::get(&app.database, &kind, &id).await?))
}
