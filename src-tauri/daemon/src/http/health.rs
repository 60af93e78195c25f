//! How the daemon and the bank's feed are doing.

use super::list::{Paging, Query};
use super::{ApiError, Json};
use crate::app::App;
use crate::http::access::Person;
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fraud::time::{HOUR_MS, UnixMs};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::Page;
use store::health::{self, CardLog, FeedNumbers};
use store::outbox::{self, OutboxKind, OutboxState};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    pub status: &'static str,
}

/// Whether the process lives.
#[utoipa::path(get, operation_id = "health_alive", path = "/healthz", tag = "health", responses((status = 200, body = Alive)))]
pub async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Whether swipes can be decided and recorded.
#[utoipa::path(get, operation_id = "health_ready", path = "/readyz", tag = "health", responses((status = 200, body = Alive), (status = 503, body = super::ErrorBody)))]
pub async fn ready(State(app): State<Arc<App>>) -> Result<Json<Alive>, ApiError> {
    match app.not_ready() {
        None => Ok(Json(Alive { status: "ready" })),
        Some(why) => Err(ApiError::not_ready(format!("Swipes get the fallback: {why}."))),
    }
}

/// Prometheus metrics.
#[utoipa::path(get, operation_id = "health_metrics", path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], app.metrics.text(&app)).into_response()
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StatusUser {
    pub name: String,
    pub role: String,
}

/// What the window shows around every screen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    pub version: &'static str,
    pub now: UnixMs,
    /// real or test
    pub clock: &'static str,
    pub demo: bool,
    pub user: StatusUser,
    pub started_at: UnixMs,
    pub partner_url: String,
}

/// Who asks, what time it is here, and whether this is a demo.
#[utoipa::path(get, operation_id = "health_status", path = "/v1/status", tag = "desk", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<Arc<App>>, Extension(person): Extension<Person>) -> Json<Status> {
    Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        now: app.clock.now(),
        clock: if app.clock.is_test() { "test" } else { "real" },
        demo: app.is_demo(),
        user: StatusUser { name: person.name, role: person.role.as_str().to_owned() },
        started_at: app.started_at,
        partner_url: app.partner_url.clone(),
    })
}

/// Latency of the last hour's decisions.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LatencyNumbers {
    pub count: i64,
    /// Median over minutes, weighted by their swipes.
    pub p50_ms: f64,
    /// The worst minute's.
    pub p99_ms: f64,
    pub max_ms: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WriterNumbers {
    pub live_depth: i64,
    pub bulk_depth: i64,
    /// Why nothing can be written at present.
    pub failing: Option<String>,
    pub stand_ins_unrecorded: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StorageNumbers {
    pub engine: &'static str,
    /// Read back from the engine: full (SQLite) or on (PostgreSQL).
    pub synchronous: String,
    pub database_bytes: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FeedHealth {
    #[serde(flatten)]
    pub feed: FeedNumbers,
    pub latency: LatencyNumbers,
    pub writer: WriterNumbers,
    pub storage: StorageNumbers,
    pub slack: OutboxState,
    pub shopper_webhook: OutboxState,
    pub native: OutboxState,
}

/// The feed, the writer, the outbox and the disk, in numbers.
#[utoipa::path(get, operation_id = "health_feed", path = "/v1/feed-health", tag = "desk", responses((status = 200, body = FeedHealth)))]
pub async fn feed(State(app): State<Arc<App>>) -> Result<Json<FeedHealth>, ApiError> {
    let now = app.clock.now();
    let settings = app.writer.versions().settings;
    let stats = &app.writer.stats;
    let state = |kind, configured| outbox::read_state(&app.database, kind, configured);
    Ok(Json(FeedHealth {
        feed: health::feed(&app.database, now).await?,
        latency: latency(&app, now).await?,
        writer: WriterNumbers {
            live_depth: stats.live_depth.load(Ordering::Relaxed),
            bulk_depth: stats.bulk_depth.load(Ordering::Relaxed),
            failing: app.writer.failing(),
            stand_ins_unrecorded: app.writer.backlog_len(),
        },
        storage: StorageNumbers {
            engine: app.database.engine().as_str(),
            synchronous: app.writer.synchronous().to_owned(),
            database_bytes: app.database.size_bytes().await?,
        },
        slack: state(OutboxKind::Slack, settings.slack_webhook_url.is_some()).await?,
        shopper_webhook: state(OutboxKind::ShopperWebhook, settings.shopper_webhook_url.is_some()).await?,
        native: state(OutboxKind::Native, settings.native_notifications).await?,
    }))
}

async fn latency(app: &App, now: UnixMs) -> Result<LatencyNumbers, ApiError> {
    let minutes = health::latency(&app.database, now.plus(-HOUR_MS)).await?;
    let count: i64 = minutes.iter().map(|minute| minute.count).sum();
    if count == 0 {
        return Ok(LatencyNumbers::default());
    }
    let ms = |us: i64| us as f64 / 1_000.0;
    let mut by_median: Vec<_> = minutes.iter().collect();
    by_median.sort_by_key(|minute| minute.p50_us);
    let mut seen = 0;
    let median = by_median.iter().find(|minute| {
        seen += minute.count;
        seen * 2 >= count
    });
    Ok(LatencyNumbers {
        count,
        p50_ms: ms(median.map_or(0, |minute| minute.p50_us)),
        p99_ms: ms(minutes.iter().map(|minute| minute.p99_us).max().unwrap_or(0)),
        max_ms: ms(minutes.iter().map(|minute| minute.max_us).max().unwrap_or(0)),
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Errors that the card code posted, newest first.
#[utoipa::path(get, path = "/v1/card-logs", tag = "desk", params(LogsQuery), responses((status = 200, body = Page<CardLog>)))]
pub async fn card_logs(
    State(app): State<Arc<App>>,
    Query(query): Query<LogsQuery>,
) -> Result<Json<Page<CardLog>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    Ok(Json(health::card_logs(&app.database, cursor.as_ref(), limit).await?))
}
