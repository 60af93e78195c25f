//! Charts and their numbers.

use super::list::Query;
use super::{ApiError, ErrorBody, Json};
use crate::app::App;
use crate::charts::{self, AlertBucket, DecisionBucket, LatencyPoint, Size, Theme};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fraud::time::{HOUR_MS, UnixMs};
use serde::Deserialize;
use std::fmt::Write as _;
use std::sync::Arc;
use store::health::{self, AlertHour, DecisionHour, LatencyMinute};
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// dark or light
    theme: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    /// 1 to 168, 24 unless told
    hours: Option<i64>,
    card_id: Option<String>,
}

enum Series {
    Decisions(Vec<DecisionHour>),
    Alerts(Vec<AlertHour>),
    Latency(Vec<LatencyMinute>),
}

/// A chart as SVG, or its numbers as CSV or JSON.
#[utoipa::path(get, operation_id = "report_report", path = "/v1/reports/{file}", tag = "desk",
    params(("file" = String, Path, description = "decisions-per-hour, alerts-per-hour or decision-latency, then .svg, .csv or .json"), ReportQuery),
    responses((status = 200, body = String), (status = 404, body = ErrorBody)))]
pub async fn report(
    State(app): State<Arc<App>>,
    Path(file): Path<String>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiError> {
    let (name, form) =
        file.rsplit_once('.').ok_or_else(|| ApiError::not_found("name a report and its form: NAME.svg"))?;
    let hours = query.hours.unwrap_or(24);
    if !(1..=168).contains(&hours) {
        return Err(ApiError::wrong("hours", "1 to 168 hours"));
    }
    let now = app.clock.now();
    let card = query.card_id.as_deref().filter(|card| !card.is_empty());
    let series = match name {
        "decisions-per-hour" => {
            Series::Decisions(health::decisions_by_hour(&app.database, now, hours, card).await?)
        }
        "alerts-per-hour" => Series::Alerts(health::alerts_by_hour(&app.database, now, hours, card).await?),
        "decision-latency" => {
            Series::Latency(health::latency(&app.database, now.plus(-hours * HOUR_MS)).await?)
        }
        _ => return Err(ApiError::not_found(format!("there is no report {name}"))),
    };
    match form {
        "svg" => Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg(&app, &series, &query)).into_response()),
        "csv" => Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv(&series)).into_response()),
        "json" => Ok(match series {
            Series::Decisions(items) => {
                Json(serde_json::json!({"items": items, "next": null})).into_response()
            }
            Series::Alerts(items) => Json(serde_json::json!({"items": items, "next": null})).into_response(),
            Series::Latency(items) => Json(serde_json::json!({"items": items, "next": null})).into_response(),
        }),
        _ => Err(ApiError::not_found("reports come as .svg, .csv or .json")),
    }
}

fn svg(app: &App, series: &Series, query: &ReportQuery) -> String {
    let theme = if query.theme.as_deref() == Some("light") { Theme::Light } else { Theme::Dark };
    let size = Size { width: query.width.unwrap_or(640), height: query.height.unwrap_or(220) };
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    match series {
        Series::Decisions(hours) => {
            let buckets: Vec<_> = hours
                .iter()
                .map(|h| DecisionBucket {
                    start_ms: h.start.0,
                    approved: count(h.approved),
                    declined: count(h.declined),
                    stand_in: count(h.stand_in),
                })
                .collect();
            charts::decisions_per_hour(&buckets, theme, size)
        }
        Series::Alerts(hours) => {
            let buckets: Vec<_> = hours
                .iter()
                .map(|h| AlertBucket {
                    start_ms: h.start.0,
                    info: count(h.info),
                    warning: count(h.warning),
                    critical: count(h.critical),
                })
                .collect();
            charts::alerts_per_hour(&buckets, theme, size)
        }
        Series::Latency(minutes) => {
            let points: Vec<_> = thinned(minutes)
                .map(|m| LatencyPoint {
                    start_ms: m.at.0,
                    p50_ms: m.p50_us as f64 / 1_000.0,
                    p99_ms: m.p99_us as f64 / 1_000.0,
                    max_ms: m.max_us as f64 / 1_000.0,
                })
                .collect();
            charts::decision_latency(&points, app.writer.versions().settings.deadline_ms as f64, theme, size)
        }
    }
}

/// A chart needs no more points than it has pixels; each stands for the worst of its minutes.
fn thinned(minutes: &[LatencyMinute]) -> impl Iterator<Item = LatencyMinute> + '_ {
    const POINTS_MAX: usize = 300;
    let per = minutes.len().div_ceil(POINTS_MAX).max(1);
    minutes.chunks(per).filter_map(|chunk| {
        let first = chunk.first()?;
        let worst = |of: fn(&LatencyMinute) -> i64| chunk.iter().map(of).max().unwrap_or(0);
        Some(LatencyMinute {
            p50_us: worst(|m| m.p50_us),
            p99_us: worst(|m| m.p99_us),
            max_us: worst(|m| m.max_us),
            ..*first
        })
    })
}

fn csv(series: &Series) -> String {
    let mut text = String::new();
    let mut line = |at: UnixMs, numbers: &[i64]| {
        let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
        // Writing to a String does not fail.
        let _ = writeln!(text, "{at},{}", numbers.join(","));
    };
    let header = match series {
        Series::Decisions(hours) => {
            hours.iter().for_each(|h| line(h.start, &[h.approved, h.declined, h.stand_in]));
            "hour,approved,declined,stand_in"
        }
        Series::Alerts(hours) => {
            hours.iter().for_each(|h| line(h.start, &[h.info, h.warning, h.critical]));
            "hour,info,warning,critical"
        }
        Series::Latency(minutes) => {
            minutes.iter().for_each(|m| line(m.at, &[m.count, m.p50_us, m.p99_us, m.max_us, m.late]));
            "minute,count,p50_us,p99_us,max_us,late"
        }
    };
    format!("{header}\n{text}")
}
