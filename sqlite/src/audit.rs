//! The tamper-evident log of what people and rules did: each entry's hash covers the one before.

use crate::sql::{Arg, Cursor, Filter, Page, args, execute, fetch, fetch_one, insert, page};
use crate::{Database, StoreError};
use fraud::time::UnixMs;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row, any::AnyRow};
use utoipa::ToSchema;

/// One entry. Ids only, never personal data.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditEntry {
    pub seq: i64,
    pub at: UnixMs,
    /// `user:NAME`, `rule:ID` or `system`.
    pub actor: String,
    pub action: String,
    /// `card:ID`, `alert:ID`, `rule:ID`, `settings` ...
    pub subject: String,
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub detail: serde_json::Value,
    /// SHA-256 over the previous entry's hash and this entry, in hexadecimal.
    pub hash: String,
}

/// An entry to be appended.
#[derive(Debug, Clone)]
pub struct NewEntry {
    pub at: UnixMs,
    pub actor: String,
    pub action: &'static str,
    pub subject: String,
    pub detail: serde_json::Value,
}

fn hash(previous: &str, seq: i64, at_ms: i64, parts: [&str; 4]) -> String {
    let mut digest = Sha256::new();
    let mut field = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    };
    field(previous);
    field(&seq.to_string());
    field(&at_ms.to_string());
    parts.into_iter().for_each(field);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Appends one entry in the caller's transaction.
///
/// # Errors
/// `StoreError` from the database.
pub async fn append(
    connection: &mut AnyConnection,
    at: UnixMs,
    actor: &str,
    action: &'static str,
    subject: &str,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    append_all(
        connection,
        vec![NewEntry { at, actor: actor.into(), action, subject: subject.into(), detail }],
    )
    .await
}

/// Appends entries in order, in the caller's transaction.
///
/// # Errors
/// `StoreError` from the database.
pub async fn append_all(connection: &mut AnyConnection, entries: Vec<NewEntry>) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let head = fetch_one(connection, "select seq, hash from audit_head where id = 1", vec![]).await?;
    let head = head.ok_or_else(|| StoreError::Corrupt("the audit log has no head".into()))?;
    let (mut seq, mut previous): (i64, String) = (head.try_get("seq")?, head.try_get("hash")?);
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        seq += 1;
        let detail = entry.detail.to_string();
        let hash = hash(&previous, seq, entry.at.0, [&entry.actor, entry.action, &entry.subject, &detail]);
        rows.push(args![
            seq,
            entry.at.0,
            entry.actor,
            entry.action,
            entry.subject,
            detail,
            previous,
            hash.clone()
        ]);
        previous = hash;
    }
    let columns = ["seq", "at_ms", "actor", "action", "subject", "detail", "previous_hash", "hash"];
    insert(connection, "audit_entry", &columns, rows, "").await?;
    execute(connection, "update audit_head set seq = $1, hash = $2 where id = 1", args![seq, previous])
        .await?;
    Ok(())
}

fn entry(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: row.try_get("seq")?,
        at: UnixMs(row.try_get("at_ms")?),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: serde_json::from_str(row.try_get("detail")?)?,
        hash: row.try_get("hash")?,
    })
}

/// Entries, newest first, of one subject where given.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(
    database: &Database,
    subject: Option<&str>,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<AuditEntry>, StoreError> {
    let mut filter = Filter::new();
    filter.maybe("subject = {}", subject);
    filter.maybe("seq < {}", cursor.map(|cursor| cursor.at_ms));
    let sql = format!(
        "select seq, at_ms, actor, action, subject, detail, hash from audit_entry {} order by seq desc limit {}",
        filter.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let items = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(page(items, limit, |entry| Cursor { at_ms: entry.seq, id: String::new() }))
}

/// What verifying the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    Sound { entries: i64 },
    Broken { seq: i64, why: String },
}

/// Entries read at a time while verifying.
const VERIFY_ROWS: i64 = 1_000;

/// Recomputes the whole chain and names the first broken entry.
///
/// # Errors
/// `StoreError` from the database.
pub async fn verify(database: &Database) -> Result<Verified, StoreError> {
    let mut connection = database.reader().await?;
    let (mut seq, mut previous) = (0_i64, String::new());
    loop {
        let sql = "select seq, at_ms, actor, action, subject, detail, previous_hash, hash from audit_entry \
                   where seq > $1 order by seq limit $2";
        let rows = fetch(&mut connection, sql, vec![Arg::from(seq), Arg::from(VERIFY_ROWS)]).await?;
        if rows.is_empty() {
            // Entries may be appended while this reads: only a head that nothing leads to is a cut.
            let head =
                fetch_one(&mut connection, "select seq, hash from audit_head where id = 1", vec![]).await?;
            let head = head.ok_or_else(|| StoreError::Corrupt("the audit log has no head".into()))?;
            let (head_seq, head_hash): (i64, String) = (head.try_get("seq")?, head.try_get("hash")?);
            if head_seq == seq && head_hash == previous {
                return Ok(Verified::Sound { entries: seq });
            }
            let more =
                fetch_one(&mut connection, "select seq from audit_entry where seq > $1 limit 1", args![seq])
                    .await?;
            if more.is_none() {
                return Ok(Verified::Broken { seq: seq + 1, why: "the end of the log was cut off".into() });
            }
            continue;
        }
        for row in &rows {
            let found: i64 = row.try_get("seq")?;
            let text = |name: &str| row.try_get::<String, _>(name);
            let broken = |why: &str| Ok(Verified::Broken { seq: seq + 1, why: why.into() });
            if found != seq + 1 {
                return broken("the entry is missing");
            }
            if text("previous_hash")? != previous {
                return broken("it does not follow the entry before it");
            }
            let parts = [text("actor")?, text("action")?, text("subject")?, text("detail")?];
            let parts = [parts[0].as_str(), parts[1].as_str(), parts[2].as_str(), parts[3].as_str()];
            let expected = hash(&previous, found, row.try_get("at_ms")?, parts);
            if text("hash")? != expected {
                return broken("its content was changed");
            }
            (seq, previous) = (found, expected);
        }
    }
}
