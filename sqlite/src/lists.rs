//! Lists that expressions look into: allow, deny and custom ones, filled by people.

use crate::sql::{Cursor, Filter, Page, args, execute, fetch, fetch_in, fetch_one, insert, page};
use crate::versions;
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit};
use fraud::lists::Lists;
use fraud::rule::RuleSet;
use fraud::shipped;
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// More lists than a desk can keep in mind.
const LISTS_MAX: i64 = 64;
/// Entries of one list; all lists together are held in memory beside the rules.
pub const ENTRIES_MAX: i64 = 100_000;

/// What a list is for; only words for people, the expressions decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    Allow,
    Deny,
    Custom,
}

impl ListKind {
    fn as_str(self) -> &'static str {
        match self {
            ListKind::Allow => "allow",
            ListKind::Deny => "deny",
            ListKind::Custom => "custom",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        match word {
            "allow" => Ok(ListKind::Allow),
            "deny" => Ok(ListKind::Deny),
            "custom" => Ok(ListKind::Custom),
            _ => Err(StoreError::Corrupt(format!("list kind {word:?}"))),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedList {
    pub id: String,
    pub kind: ListKind,
    pub note: String,
    pub entries: i64,
    /// Rules that name the list.
    pub used_by: Vec<String>,
    pub updated_at: UnixMs,
    pub updated_by: String,
}

/// How a change of a list came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListChange {
    pub added: i64,
    pub removed: i64,
    pub unchanged: i64,
}

/// Every list with its entries, for the rules.
pub(crate) async fn load(connection: &mut AnyConnection) -> Result<Lists, StoreError> {
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in fetch(connection, "select list_id from list limit $1", args![LISTS_MAX]).await? {
        lists.insert(row.try_get("list_id")?, Vec::new());
    }
    let sql = "select list_id, entry from list_entry order by list_id, entry limit $1";
    for row in fetch(connection, sql, args![LISTS_MAX * ENTRIES_MAX]).await? {
        lists.entry(row.try_get("list_id")?).or_default().push(row.try_get("entry")?);
    }
    Ok(Lists::new(lists))
}

/// Puts in the lists that the shipped rules name.
pub(crate) async fn seed(tx: &mut Tx<'_>, now: UnixMs) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    for list in &shipped::LISTS {
        let sql = "select list_id from list where list_id = $1";
        if fetch_one(tx.connection, sql, args![list.0]).await?.is_none() {
            missing.push(list);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    versions::bump(tx.connection, versions::LISTS).await?;
    let columns = ["list_id", "kind", "note", "updated_at_ms", "updated_by"];
    let rows = missing
        .into_iter()
        .map(|(id, note)| {
            let kind = if id.starts_with("allow") { ListKind::Allow } else { ListKind::Deny };
            args![*id, kind.as_str(), *note, now.0, "shipped"]
        })
        .collect();
    insert(tx.connection, "list", &columns, rows, "").await
}

const LIST_SQL: &str = "select l.list_id, l.kind, l.note, l.updated_at_ms, l.updated_by, \
                        (select count(*) from list_entry e where e.list_id = l.list_id) as entries from list l";

fn named(row: &AnyRow, rules: &RuleSet) -> Result<NamedList, StoreError> {
    let id: String = row.try_get("list_id")?;
    Ok(NamedList {
        kind: ListKind::parse(row.try_get("kind")?)?,
        note: row.try_get("note")?,
        entries: row.try_get("entries")?,
        used_by: users(rules, &id),
        updated_at: UnixMs(row.try_get("updated_at_ms")?),
        updated_by: row.try_get("updated_by")?,
        id,
    })
}

/// Rules whose expression names `list.ID`.
fn users(rules: &RuleSet, id: &str) -> Vec<String> {
    let name = format!("list.{id}");
    let names = |expression: &str| {
        expression.match_indices(&name).any(|(at, _)| {
            let next = expression[at + name.len()..].chars().next();
            next.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '_'))
        })
    };
    rules.iter().filter(|rule| names(&rule.expression)).map(|rule| rule.id.clone()).collect()
}

/// Every list, by name.
///
/// # Errors
/// `StoreError` from the database.
pub async fn read_all(database: &Database, rules: &RuleSet) -> Result<Vec<NamedList>, StoreError> {
    let sql = format!("{LIST_SQL} order by l.list_id limit {LISTS_MAX}");
    let rows = fetch(&mut *database.reader().await?, &sql, vec![]).await?;
    rows.iter().map(|row| named(row, rules)).collect()
}

/// Entries of a list in order of text, those that hold `q`.
///
/// # Errors
/// `NotFound` when there is no such list.
pub async fn read_entries(
    database: &Database,
    id: &str,
    q: Option<&str>,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<String>, StoreError> {
    let mut connection = database.reader().await?;
    exists(&mut connection, id).await?;
    let mut filter = Filter::new();
    filter.add("list_id = {}", id);
    filter.maybe("entry > {}", cursor.map(|cursor| cursor.id.as_str()));
    if let Some(q) = q {
        filter.add("lower(entry) like {}", format!("%{}%", q.to_lowercase().replace(['%', '_'], "")));
    }
    let sql = format!("select entry from list_entry {} order by entry limit {}", filter.sql(), limit + 1);
    let rows = fetch(&mut connection, &sql, filter.args).await?;
    let entries = rows.iter().map(|row| Ok(row.try_get("entry")?)).collect::<Result<_, StoreError>>()?;
    Ok(page(entries, limit, |entry: &String| Cursor { at_ms: 0, id: entry.clone() }))
}

async fn exists(connection: &mut AnyConnection, id: &str) -> Result<(), StoreError> {
    match fetch_one(connection, "select list_id from list where list_id = $1", args![id]).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { what: "list", id: id.to_owned() }),
    }
}

/// Makes a list, or changes what it is for.
///
/// # Errors
/// `Conflict` when there are too many lists; `StoreError` from the database.
pub async fn put(
    tx: &mut Tx<'_>,
    id: &str,
    kind: ListKind,
    note: &str,
    actor: &str,
    now: UnixMs,
) -> Result<(), StoreError> {
    let sql = "select count(*) as lists from list where list_id <> $1";
    let others: i64 =
        fetch(tx.connection, sql, args![id]).await?.first().map_or(Ok(0), |row| row.try_get("lists"))?;
    if others >= LISTS_MAX {
        let message = format!("there are {LISTS_MAX} lists already");
        return Err(StoreError::Conflict { code: "too_many_lists", message });
    }
    let columns = ["list_id", "kind", "note", "updated_at_ms", "updated_by"];
    let update = "on conflict (list_id) do update set kind = excluded.kind, note = excluded.note, \
                  updated_at_ms = excluded.updated_at_ms, updated_by = excluded.updated_by";
    insert(tx.connection, "list", &columns, vec![args![id, kind.as_str(), note, now.0, actor]], update)
        .await?;
    changed(tx, id, "list_changed", serde_json::json!({"kind": kind}), actor, now).await
}

/// Adds entries; with `replace` they become the whole list.
///
/// # Errors
/// `NotFound` without such a list, `Conflict` when it would become too long.
pub async fn fill(
    tx: &mut Tx<'_>,
    id: &str,
    entries: &[String],
    replace: bool,
    actor: &str,
    now: UnixMs,
) -> Result<ListChange, StoreError> {
    exists(tx.connection, id).await?;
    let count = "select count(*) as entries from list_entry where list_id = $1";
    let counted = async |tx: &mut Tx<'_>| -> Result<i64, StoreError> {
        let rows = fetch(tx.connection, count, args![id]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.try_get("entries"))?)
    };
    let before = counted(tx).await?;
    let present: i64 = {
        let sql = "select entry from list_entry where list_id = $1 and entry in ({in})";
        i64::try_from(fetch_in(tx.connection, sql, args![id], entries).await?.len()).unwrap_or(i64::MAX)
    };
    if replace {
        execute(tx.connection, "delete from list_entry where list_id = $1", args![id]).await?;
    }
    let rows = entries.iter().map(|entry| args![id, entry.as_str()]).collect();
    let once = "on conflict (list_id, entry) do nothing";
    insert(tx.connection, "list_entry", &["list_id", "entry"], rows, once).await?;
    let after = counted(tx).await?;
    if after > ENTRIES_MAX {
        let message = format!("a list holds at most {ENTRIES_MAX} entries, this would be {after}");
        return Err(StoreError::Conflict { code: "list_too_long", message });
    }
    let kept = if replace { present } else { before };
    let change = ListChange { added: after - kept, removed: before - kept, unchanged: present };
    let sql = "update list set updated_at_ms = $1, updated_by = $2 where list_id = $3";
    execute(tx.connection, sql, args![now.0, actor, id]).await?;
    let detail = serde_json::json!({"added": change.added, "removed": change.removed, "entries": after});
    changed(tx, id, "list_filled", detail, actor, now).await?;
    Ok(change)
}

/// Takes entries out.
///
/// # Errors
/// `NotFound` without such a list.
pub async fn remove(
    tx: &mut Tx<'_>,
    id: &str,
    entries: &[String],
    actor: &str,
    now: UnixMs,
) -> Result<ListChange, StoreError> {
    exists(tx.connection, id).await?;
    let mut removed = 0;
    for entry in entries {
        let sql = "delete from list_entry where list_id = $1 and entry = $2";
        removed += execute(tx.connection, sql, args![id, entry.as_str()]).await?;
    }
    let removed = i64::try_from(removed).unwrap_or(i64::MAX);
    changed(tx, id, "list_filled", serde_json::json!({"removed": removed}), actor, now).await?;
    Ok(ListChange { added: 0, removed, unchanged: 0 })
}

/// Deletes a list that no rule names.
///
/// # Errors
/// `NotFound` without such a list, `Conflict` while a rule uses it.
pub async fn delete(tx: &mut Tx<'_>, id: &str, actor: &str, now: UnixMs) -> Result<(), StoreError> {
    exists(tx.connection, id).await?;
    let users = users(&tx.versions.rules, id);
    if !users.is_empty() {
        let message = format!("the list is used by {}", users.join(", "));
        return Err(StoreError::Conflict { code: "list_in_use", message });
    }
    execute(tx.connection, "delete from list_entry where list_id = $1", args![id]).await?;
    execute(tx.connection, "delete from list where list_id = $1", args![id]).await?;
    changed(tx, id, "list_deleted", serde_json::json!({}), actor, now).await
}

async fn changed(
    tx: &mut Tx<'_>,
    id: &str,
    action: &'static str,
    detail: serde_json::Value,
    actor: &str,
    now: UnixMs,
) -> Result<(), StoreError> {
    versions::bump(tx.connection, versions::LISTS).await?;
    audit::append(tx.connection, now, actor, action, &format!("list:{id}"), detail).await?;
    tx.tags.push(Tag::new("list", id));
    Ok(())
}
