//! Lists that rules look into: kept by hand or imported from CSV.

use super::access::Person;
use super::list::{Paging, Query, given};
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fraud::lists::is_list_name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::lists::{self, ListChange, ListKind, NamedList};
use store::{Lane, Page};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub struct NamedLists {
    pub items: Vec<NamedList>,
    pub next: Option<String>,
}

/// Every list, by name.
#[utoipa::path(get, operation_id = "list_list", path = "/v1/lists", tag = "desk", responses((status = 200, body = NamedLists)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<NamedLists>, ApiError> {
    let items = lists::read_all(&app.database, &app.writer.versions().rules).await?;
    Ok(Json(NamedLists { items, next: None }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// Part of an entry.
    q: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Entries of a list, in order of text.
#[utoipa::path(get, operation_id = "list_entries", path = "/v1/lists/{id}/entries", tag = "desk", params(("id" = String, Path), EntriesQuery),
    responses((status = 200, body = Page<String>), (status = 404, body = ErrorBody)))]
pub async fn entries(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<Page<String>>, ApiError> {
    let (cursor, limit) = Paging { limit: query.limit, cursor: query.cursor }.read()?;
    let q = given(query.q);
    Ok(Json(lists::read_entries(&app.database, &id, q.as_deref(), cursor.as_ref(), limit).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct PutList {
    pub kind: ListKind,
    #[serde(default)]
    pub note: String,
}

const NOTE_CHARS_MAX: usize = 500;

/// Makes a list, or changes what it is for; its entries stay.
#[utoipa::path(put, operation_id = "list_put", path = "/v1/lists/{id}", tag = "desk", params(("id" = String, Path)), request_body = PutList,
    responses((status = 200, body = NamedLists), (status = 422, body = ErrorBody)))]
pub async fn put(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<NamedLists>, ApiError> {
    let asked: PutList = read_json(&body)?;
    if !is_list_name(&id) {
        return Err(ApiError::wrong("id", "a list's id is 1 to 64 of a-z, 0-9 and _"));
    }
    if asked.note.chars().count() > NOTE_CHARS_MAX {
        return Err(ApiError::wrong("note", format!("at most {NOTE_CHARS_MAX} characters")));
    }
    person.must_publish()?;
    let (now, actor) = (app.clock.now(), person.actor());
    app.writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { lists::put(tx, &id, asked.kind, &asked.note, &actor, now).await })
        })
        .await?;
    list(State(app)).await
}

/// Deletes a list that no rule names.
#[utoipa::path(delete, operation_id = "list_delete", path = "/v1/lists/{id}", tag = "desk", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
) -> Result<StatusCode, ApiError> {
    person.must_publish()?;
    let (now, actor) = (app.clock.now(), person.actor());
    app.writer
        .run(Lane::Live, move |tx| Box::pin(async move { lists::delete(tx, &id, &actor, now).await }))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ChangeEntries {
    #[serde(default)]
    pub add: Vec<String>,
    #[serde(default)]
    pub remove: Vec<String>,
}

/// Adds and removes single entries.
#[utoipa::path(post, operation_id = "list_change", path = "/v1/lists/{id}/entries", tag = "desk", params(("id" = String, Path)),
    request_body = ChangeEntries, responses((status = 200, body = ListChange), (status = 422, body = ErrorBody)))]
pub async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<ListChange>, ApiError> {
    let asked: ChangeEntries = read_json(&body)?;
    let mut add = Vec::new();
    for entry in &asked.add {
        add.push(entry_of(entry).map_err(|why| ApiError::wrong("add", format!("{entry:?}: {why}")))?);
    }
    person.must_publish()?;
    let (now, actor) = (app.clock.now(), person.actor());
    let change = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move {
                let removed = lists::remove(tx, &id, &asked.remove, &actor, now).await?;
                let added = lists::fill(tx, &id, &add, false, &actor, now).await?;
                Ok(ListChange { removed: removed.removed, ..added })
            })
        })
        .await?;
    Ok(Json(change))
}

/// A line of an import that was not taken.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RejectedLine {
    /// From 1, as an editor counts.
    pub line: u64,
    pub message: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    #[serde(flatten)]
    pub change: ListChange,
    pub rejected: Vec<RejectedLine>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// true: the file becomes the whole list
    replace: Option<bool>,
}

/// Takes entries from CSV: the column `entry`, or the first. Good lines are kept, bad ones named.
#[utoipa::path(post, operation_id = "list_import", path = "/v1/lists/{id}/import", tag = "desk", params(("id" = String, Path), ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Imported), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn import(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<ImportQuery>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Json<Imported>, ApiError> {
    let (entries, rejected) = read_csv(&body)?;
    person.must_publish()?;
    let (now, actor) = (app.clock.now(), person.actor());
    let replace = query.replace.unwrap_or(false);
    let change = app
        .writer
        .run(Lane::Bulk, move |tx| {
            Box::pin(async move { lists::fill(tx, &id, &entries, replace, &actor, now).await })
        })
        .await?;
    Ok(Json(Imported { change, rejected }))
}

/// Bad lines named; more would tell nobody more.
const REJECTED_MAX: usize = 100;
const ENTRY_CHARS_MAX: usize = 200;

fn read_csv(body: &[u8]) -> Result<(Vec<String>, Vec<RejectedLine>), ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| ApiError::wrong("body", "the file is not UTF-8"))?;
    let text = text.trim_start_matches('\u{FEFF}');
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut entries, mut rejected, mut column) = (BTreeSet::new(), Vec::new(), 0);
    for (index, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Err(ApiError::wrong("body", format!("not CSV: {error}"))),
        };
        let heading = record.iter().position(|cell| cell.trim().eq_ignore_ascii_case("entry"));
        if let (0, Some(at)) = (index, heading) {
            column = at;
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        match entry_of(record.get(column).unwrap_or_default()) {
            Ok(entry) => {
                entries.insert(entry);
            }
            Err(message) if rejected.len() < REJECTED_MAX => rejected.push(RejectedLine { line, message }),
            Err(_) => {}
        }
    }
    if i64::try_from(entries.len()).unwrap_or(i64::MAX) > lists::ENTRIES_MAX {
        return Err(ApiError::wrong("body", format!("a list holds at most {} entries", lists::ENTRIES_MAX)));
    }
    Ok((entries.into_iter().collect(), rejected))
}

/// An entry as it is kept: trimmed, of one line, and never a full card number.
fn entry_of(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("empty".into());
    }
    if text.chars().count() > ENTRY_CHARS_MAX {
        return Err(format!("longer than {ENTRY_CHARS_MAX} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("holds a line break or another control character".into());
    }
    if fraud::card_number::find(text).is_some() {
        return Err("a full card number is never stored: use the card's id".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read_as_spreadsheets_write_it() {
        let read = |text: &str| read_csv(text.as_bytes()).unwrap();
        assert_eq!(
            read("\u{FEFF}entry,note\r\nMAKRO,a\r\n\"SPAR, GARDENS\",b\r\n").0,
            ["MAKRO", "SPAR, GARDENS"]
        );
        assert_eq!(read("note;entry\nx; MAKRO \n").0, ["MAKRO"]);
        assert_eq!(read("MAKRO\nMAKRO\nSPAR").0, ["MAKRO", "SPAR"]);
        let (entries, rejected) = read("MAKRO\n4111111111111111\n\"a\nb\"\n,x\n");
        assert_eq!(entries, ["MAKRO"]);
        let lines: Vec<u64> = rejected.iter().map(|r| r.line).collect();
        assert_eq!(lines, [2, 3, 5], "{rejected:?}");
        assert!(read_csv(b"\xff\xfe").is_err());
    }
}
