//! Lists as CSV: personal data masked, text cells neutralised, a page at a time however long the list is.

use super::access::Person;
use super::alerts::{self as alerts_api, AlertsQuery};
use super::authorizations::{self as authorizations_api, AuthorizationsQuery};
use super::cards::{self as cards_api, CardsQuery};
use super::list::Query;
use super::{ApiError, ErrorBody};
use crate::app::App;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use store::alerts::Alert;
use store::authorizations::Authorization;
use store::cards::{Card, CardStatus, PersonRef};
use store::sql_page::{Cursor, LIMIT_MAX};
use store::{Page, StoreError};

/// A name as `N***** M.`: enough to tell people of one shift apart.
fn masked_name(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    match (first, last) {
        (Some(first), Some(last)) => format!("{first}***** {last}."),
        (Some(first), None) => format!("{first}*****"),
        (None, _) => String::new(),
    }
}

fn shopper(shopper: Option<&PersonRef>) -> [String; 2] {
    shopper.map_or_else(Default::default, |s| [text(&s.id), text(&masked_name(&s.name))])
}

/// A text cell that no spreadsheet takes for a formula (OWASP, CSV injection).
fn text(value: &str) -> String {
    match value.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{value}"),
        _ => value.to_owned(),
    }
}

/// Cents as a plain number of the currency's units.
fn units(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

fn line(cells: &[String]) -> Result<Vec<u8>, StoreError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let faulty = |error: &dyn std::fmt::Display| StoreError::Corrupt(format!("csv: {error}"));
    writer.write_record(cells).map_err(|error| faulty(&error))?;
    writer.into_inner().map_err(|error| faulty(&error))
}

/// A list written out page by page; a fault in the midst of it breaks the answer off.
fn answer<T, F>(
    name: &str,
    columns: &[&str],
    row: fn(&T) -> Vec<String>,
    read: impl Fn(Option<Cursor>) -> F + Send + 'static,
) -> Result<Response, ApiError>
where
    T: Send + 'static,
    F: Future<Output = Result<Page<T>, StoreError>> + Send + 'static,
{
    let header_cells: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    // The mark tells spreadsheets that the text is UTF-8.
    let mut head = "\u{FEFF}".as_bytes().to_vec();
    head.extend(line(&header_cells)?);
    let pages = futures_util::stream::unfold(Some(None), move |at: Option<Option<Cursor>>| {
        let page = at.map(&read);
        async move {
            let page = match page?.await {
                Ok(page) => page,
                Err(error) => return Some((Err(error), None)),
            };
            let next = page.next.as_deref().and_then(Cursor::parse).map(Some);
            let lines: Result<Vec<Vec<u8>>, StoreError> =
                page.items.iter().map(|item| line(&row(item))).collect();
            Some((lines.map(|lines| Bytes::from(lines.concat())), next))
        }
    });
    let all = futures_util::StreamExt::chain(
        futures_util::stream::iter([Ok::<_, StoreError>(Bytes::from(head))]),
        pages,
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

const ALERT_COLUMNS: [&str; 17] = [
    "id",
    "raised_at",
    "status",
    "disposition",
    "severity",
    "rule",
    "rules",
    "title",
    "card",
    "shopper_id",
    "shopper",
    "merchant",
    "amount",
    "currency",
    "order_id",
    "swipes",
    "simulated",
];

fn alert_row(alert: &Alert) -> Vec<String> {
    let [shopper_id, shopper_name] = shopper(alert.shopper.as_ref());
    vec![
        text(&alert.id),
        alert.raised_at.to_string(),
        alert.status.as_str().to_owned(),
        alert.disposition.map_or_else(String::new, |d| d.as_str().to_owned()),
        alert.severity.as_str().to_owned(),
        text(&alert.rule),
        text(&alert.rules.join(" ")),
        text(&alert.title),
        text(alert.masked_number.as_deref().unwrap_or_default()),
        shopper_id,
        shopper_name,
        text(&alert.merchant),
        units(alert.amount_cents),
        text(&alert.currency),
        text(alert.order_id.as_deref().unwrap_or_default()),
        alert.count.to_string(),
        alert.simulated.to_string(),
    ]
}

/// The alerts of a filter as CSV, masked.
#[utoipa::path(get, operation_id = "alert_export", path = "/v1/alerts/export", tag = "desk", params(AlertsQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = ErrorBody)))]
pub async fn alerts(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    Query(query): Query<AlertsQuery>,
) -> Result<Response, ApiError> {
    let (filter, now) = (Arc::new(alerts_api::filter(query, &person)?), app.clock.now());
    answer("alerts", &ALERT_COLUMNS, alert_row, move |cursor| {
        let (app, filter) = (app.clone(), filter.clone());
        async move { store::alerts::list(&app.database, &filter, cursor.as_ref(), LIMIT_MAX, now).await }
    })
}

const CARD_COLUMNS: [&str; 10] = [
    "id",
    "card",
    "status",
    "shopper_id",
    "shopper",
    "last_swipe_at",
    "last_merchant",
    "last_amount",
    "open_alerts",
    "approved_today",
];

fn card_row(card: &Card) -> Vec<String> {
    let [shopper_id, shopper_name] = shopper(card.shopper.as_ref());
    let last = card.last_swipe.as_ref();
    vec![
        text(&card.id),
        text(card.masked_number.as_deref().unwrap_or_default()),
        (if card.status == CardStatus::Active { "active" } else { "deactivated" }).to_owned(),
        shopper_id,
        shopper_name,
        card.last_swipe_at.map_or_else(String::new, |at| at.to_string()),
        last.map_or_else(String::new, |swipe| text(&swipe.merchant)),
        last.map_or_else(String::new, |swipe| units(swipe.amount_cents)),
        card.open_alerts.to_string(),
        units(card.approved_today_cents),
    ]
}

/// The cards of a filter as CSV, masked.
#[utoipa::path(get, operation_id = "card_export", path = "/v1/cards/export", tag = "desk", params(CardsQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = ErrorBody)))]
pub async fn cards(
    State(app): State<Arc<App>>,
    Query(query): Query<CardsQuery>,
) -> Result<Response, ApiError> {
    let (filter, now) = (Arc::new(cards_api::filter(query)?), app.clock.now());
    answer("cards", &CARD_COLUMNS, card_row, move |cursor| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            let page = store::cards::list(&app.database, &filter, cursor.as_ref(), LIMIT_MAX, now).await?;
            Ok(page.0)
        }
    })
}

const AUTHORIZATION_COLUMNS: [&str; 15] = [
    "id",
    "received_at",
    "occurred_at",
    "card",
    "shopper_id",
    "shopper",
    "merchant",
    "city",
    "category",
    "amount",
    "currency",
    "outcome",
    "rules",
    "order_id",
    "simulated",
];

fn authorization_row(swipe: &Authorization) -> Vec<String> {
    let [shopper_id, shopper_name] = shopper(swipe.shopper.as_ref());
    let rules: Vec<&str> = swipe.reasons.iter().map(|reason| reason.fired.rule.as_str()).collect();
    vec![
        text(&swipe.id),
        swipe.received_at.to_string(),
        swipe.occurred_at.to_string(),
        text(swipe.masked_number.as_deref().unwrap_or_default()),
        shopper_id,
        shopper_name,
        text(&swipe.merchant),
        text(&swipe.merchant_city),
        text(&swipe.merchant_category_code),
        units(swipe.amount_cents),
        text(&swipe.currency),
        swipe.outcome.as_str().to_owned(),
        text(&rules.join(" ")),
        text(swipe.order.as_ref().map(|order| order.order_id.as_str()).unwrap_or_default()),
        swipe.simulated.to_string(),
    ]
}

/// The decisions of a filter as CSV, masked.
#[utoipa::path(get, operation_id = "authorization_export", path = "/v1/authorizations/export", tag = "desk", params(AuthorizationsQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = ErrorBody)))]
pub async fn authorizations(
    State(app): State<Arc<App>>,
    Query(query): Query<AuthorizationsQuery>,
) -> Result<Response, ApiError> {
    let filter = Arc::new(authorizations_api::filter(query)?);
    answer("authorizations", &AUTHORIZATION_COLUMNS, authorization_row, move |cursor| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            store::authorizations::list(&app.database, &app.writer, &filter, cursor.as_ref(), LIMIT_MAX).await
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_masked_and_no_formulas() {
        assert_eq!(masked_name("Nomsa Mokoena"), "N***** M.");
        assert_eq!(masked_name("Thandi"), "T*****");
        assert_eq!(masked_name("Anna van der Merwe"), "A***** M.");
        for (raw, kept) in
            [("=1+1", "'=1+1"), ("+27", "'+27"), ("@x", "'@x"), ("-5", "'-5"), ("MAKRO", "MAKRO")]
        {
            assert_eq!(text(raw), kept);
        }
        assert_eq!([units(-5), units(19_190), units(0)], ["-0.05", "191.90", "0.00"]);
        let cells = ["a,b".to_owned(), "say \"x\"".to_owned()];
        assert_eq!(String::from_utf8(line(&cells).unwrap()).unwrap(), "\"a,b\",\"say \"\"x\"\"\"\r\n");
    }
}
