//! Ingest: NDJSON from the order system, good lines kept, bad ones named.

use super::access::require;
use super::{ApiError, ErrorBody, Json};
use crate::app::App;
use crate::metrics::Kind;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use fraud::card_number;
use fraud::record::{Problem, Record};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use store::ingest::{self, RECORDS_PER_SLICE};
use store::keys::Scope;
use store::{Lane, StoreError, relink};
use utoipa::ToSchema;

/// A line that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RejectedLine {
    /// From 1.
    pub line: usize,
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// How a body of lines was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct IngestAnswer {
    pub accepted: usize,
    /// Sent before just so, or older than what we have.
    pub unchanged: usize,
    pub rejected: Vec<RejectedLine>,
}

/// Rejected lines named in one answer; a body of nothing but nonsense needs no megabytes of complaint.
const REJECTED_MAX: usize = 10_000;

#[derive(Deserialize)]
struct Line<'a> {
    kind: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn read_line(line: &[u8]) -> Result<Record, Problem> {
    let problem = |code, message: String, field: Option<&str>| Problem {
        code,
        message,
        field: field.map(str::to_owned),
    };
    let text =
        std::str::from_utf8(line).map_err(|_| problem("not_utf8", "the line is not UTF-8".into(), None))?;
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
        match error.classify() {
            serde_json::error::Category::Data => problem("invalid_line", message, None),
            _ => problem("not_json", message, None),
        }
    })?;
    Record::parse(&line.kind, line.data).unwrap_or_else(|| {
        Err(problem("unknown_kind", format!("there is no kind {:?}", line.kind), Some("kind")))
    })
}

/// Takes records in any order; references may arrive later.
#[utoipa::path(post, operation_id = "ingest_ingest", path = "/v1/ingest", tag = "ingest",
    request_body(content = String, content_type = "application/x-ndjson", description = "A line each: {\"kind\":\"order\",\"data\":{...}}"),
    responses((status = 200, body = IngestAnswer), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody)))]
pub async fn ingest(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<IngestAnswer>, ApiError> {
    require(&app, &headers, Scope::Ingest)?;
    let mut answer = IngestAnswer::default();
    let mut slice = Vec::with_capacity(RECORDS_PER_SLICE);
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_line(line) {
            Ok(record) => slice.push(record),
            Err(problem) if answer.rejected.len() < REJECTED_MAX => answer.rejected.push(RejectedLine {
                line: number + 1,
                code: problem.code.to_owned(),
                message: card_number::mask(&problem.message).into_owned(),
                field: problem.field.map(|field| card_number::mask(&field).into_owned()),
            }),
            Err(_) => {}
        }
        if slice.len() == RECORDS_PER_SLICE {
            keep(&app, std::mem::take(&mut slice), &mut answer).await?;
        }
    }
    if !slice.is_empty() {
        keep(&app, slice, &mut answer).await?;
    }
    relink_all(&app).await?;
    let count =
        |kind, lines: usize| app.metrics.ingest_lines.get_or_create(&Kind { kind }).inc_by(lines as u64);
    count("accepted", answer.accepted);
    count("unchanged", answer.unchanged);
    count("rejected", answer.rejected.len());
    Ok(Json(answer))
}

async fn keep(app: &App, slice: Vec<Record>, answer: &mut IngestAnswer) -> Result<(), StoreError> {
    let now = app.clock.now();
    let taken = app.writer.run(Lane::Bulk, move |tx| Box::pin(ingest::take(tx, slice, now))).await?;
    answer.accepted += taken.accepted;
    answer.unchanged += taken.unchanged;
    // Reading the next slice is work, too: other requests of this thread go first.
    tokio::task::yield_now().await;
    Ok(())
}

/// Judges afresh what the records taken may explain, before the sender is answered.
pub async fn relink_all(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    while app.writer.run(Lane::Bulk, move |tx| Box::pin(relink::step(tx, now))).await? {}
    Ok(())
}
