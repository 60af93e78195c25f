//! The partner listener: webhook and ingest for machines.

use super::{ApiError, Json, health, ingest, webhook};
use crate::app::App;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// CONTRACT: 256 KiB, ingest 32 MiB.
pub(super) const BODY_BYTES_MAX: usize = 256 << 10;
const INGEST_BYTES_MAX: usize = 32 << 20;

#[derive(OpenApi)]
#[openapi(info(
    title = "Cartwarden partner API",
    version = "1",
    description = "For the bank's card code, tills and the order system."
))]
struct Document;

fn described() -> OpenApiRouter<Arc<App>> {
    let ingest =
        OpenApiRouter::new().routes(routes!(ingest::ingest)).layer(DefaultBodyLimit::max(INGEST_BYTES_MAX));
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(webhook::before))
        .routes(routes!(webhook::card_log))
        .routes(routes!(webhook::report))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(ingest)
}

/// The routes, with the document that describes them.
pub fn router(app: Arc<App>) -> axum::Router {
    let (router, document) = described().split_for_parts();
    router
        .route("/v1/openapi.json", axum::routing::get(async move || Json(document.clone())))
        .fallback(nowhere)
        .layer(middleware::from_fn(plain_errors))
        .with_state(app)
}

/// The OpenAPI 3.1 document alone.
pub fn document() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

pub(super) async fn nowhere() -> ApiError {
    ApiError::not_found("There is nothing at this address.")
}

/// Gives errors that the framework makes (405, 413 ...) the one form of error.
pub(super) async fn plain_errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let json = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !(status.is_client_error() || status.is_server_error()) || json {
        return response;
    }
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(status, "method_not_allowed", "This address does not take that method.")
                .into_response()
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(status, "body_too_large", "The body is too large: 256 KiB, or 32 MiB for ingest.")
                .into_response()
        }
        _ => ApiError::new(status, "bad_request", "The request could not be read.").into_response(),
    }
}
