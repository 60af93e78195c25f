//! Moving a test clock; only there when the daemon was started with one.

use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::workers;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TestClock {
    pub now: UnixMs,
}

/// Moves the test clock and steps every due worker before answering.
#[utoipa::path(post, operation_id = "test_clock_set", path = "/v1/test/clock", tag = "test", request_body = TestClock,
    responses((status = 200, body = TestClock), (status = 404, body = ErrorBody)))]
pub async fn set(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<TestClock>, ApiError> {
    if !app.clock.is_test() {
        let message = "The daemon runs on the real clock; start it with --test-clock.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "no_test_clock", message));
    }
    let asked: TestClock = read_json(&body)?;
    app.clock.set(asked.now);
    workers::step_all(&app).await?;
    Ok(Json(TestClock { now: app.clock.now() }))
}
