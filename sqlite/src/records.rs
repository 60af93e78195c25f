//! Ingested records as they were sent, for looking things up.

use crate::sql::{Cursor, Filter, LIMIT_MAX, Page, args, fetch, fetch_one, page};
use crate::{Database, StoreError};
use fraud::record::KINDS;
use fraud::time::UnixMs;
use serde::Serialize;
use sqlx::Row;
use utoipa::ToSchema;

/// A record with when it arrived.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StoredRecord {
    pub id: String,
    pub received_at: UnixMs,
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub data: serde_json::Value,
}

fn table(kind: &str) -> Result<(&'static str, &'static str), StoreError> {
    let kind = KINDS.iter().find(|known| **known == kind);
    let kind = kind.ok_or_else(|| StoreError::NotFound { what: "record kind", id: String::new() })?;
    Ok(match *kind {
        "order" => ("customer_order", "order_id"),
        "exception" => ("order_exception", "exception_id"),
        "store" => ("store", "store_id"),
        "shopper" => ("shopper", "shopper_id"),
        "shift" => ("shift", "shift_id"),
        "card" => ("card", "card_id"),
        "customer" => ("customer", "customer_id"),
        "slip" => ("slip", "slip_id"),
        "complaint" => ("complaint", "complaint_id"),
        "compensation" => ("compensation", "compensation_id"),
        "bank_transaction" => ("bank_transaction", "bank_transaction_id"),
        _ => ("delivery_area", "delivery_area_id"),
    })
}

/// Records of a kind by id.
///
/// # Errors
/// `NotFound` for a kind that does not exist.
pub async fn list(
    database: &Database,
    kind: &str,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<StoredRecord>, StoreError> {
    let (table, key) = table(kind)?;
    let mut filter = Filter::new();
    filter.add_raw("record is not null");
    filter.maybe(&format!("{key} > {{}}"), cursor.map(|cursor| cursor.id.as_str()));
    let limit = limit.min(LIMIT_MAX);
    let sql = format!(
        "select {key} as id, record, received_at_ms from {table} {} order by {key} limit {}",
        filter.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let items = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    Ok(page(items, limit, |record| Cursor { at_ms: 0, id: record.id.clone() }))
}

/// One record.
///
/// # Errors
/// `NotFound` when it does not exist.
pub async fn get(database: &Database, kind: &str, id: &str) -> Result<StoredRecord, StoreError> {
    let (table, key) = table(kind)?;
    let sql = format!(
        "select {key} as id, record, received_at_ms from {table} where {key} = $1 and record is not null"
    );
    let mut connection = database.reader().await?;
    let row = fetch_one(&mut connection, &sql, args![id]).await?;
    stored(&row.ok_or_else(|| StoreError::NotFound { what: "record", id: id.to_owned() })?)
}

fn stored(row: &sqlx::any::AnyRow) -> Result<StoredRecord, StoreError> {
    Ok(StoredRecord {
        id: row.try_get("id")?,
        received_at: UnixMs(row.try_get("received_at_ms")?),
        data: serde_json::from_str(row.try_get("record")?)?,
    })
}
