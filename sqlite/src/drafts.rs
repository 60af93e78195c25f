//! Drafts of rules on their way to being published.

use crate::sql::{args, execute, fetch, fetch_one, insert};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit, rules};
use fraud::rule::Rule;
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row, any::AnyRow};
use utoipa::ToSchema;

/// Drafts that may be open at once; more is a desk that never decides.
const OPEN_MAX: i64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DraftStatus {
    Open,
    Published,
    Withdrawn,
}

impl DraftStatus {
    fn as_str(self) -> &'static str {
        match self {
            DraftStatus::Open => "open",
            DraftStatus::Published => "published",
            DraftStatus::Withdrawn => "withdrawn",
        }
    }
}

/// A rule as somebody wants it to be.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Draft {
    pub id: String,
    pub rule: Rule,
    /// The version of the rule that it was made from; 0 for a new rule.
    pub base_version: i64,
    pub status: DraftStatus,
    pub proposed_at: UnixMs,
    pub proposed_by: String,
    pub decided_at: Option<UnixMs>,
    pub decided_by: Option<String>,
}

const DRAFT_SQL: &str = "select draft_id, base_version, body, status, proposed_at_ms, proposed_by, decided_at_ms, decided_by from rule_draft";

fn draft(row: &AnyRow) -> Result<Draft, StoreError> {
    let status = match row.try_get("status")? {
        "open" => DraftStatus::Open,
        "published" => DraftStatus::Published,
        "withdrawn" => DraftStatus::Withdrawn,
        other => return Err(StoreError::Corrupt(format!("draft status {other:?}"))),
    };
    Ok(Draft {
        id: row.try_get("draft_id")?,
        rule: serde_json::from_str(row.try_get("body")?)?,
        base_version: row.try_get("base_version")?,
        status,
        proposed_at: UnixMs(row.try_get("proposed_at_ms")?),
        proposed_by: row.try_get("proposed_by")?,
        decided_at: row.try_get::<Option<i64>, _>("decided_at_ms")?.map(UnixMs),
        decided_by: row.try_get("decided_by")?,
    })
}

/// Drafts, newest first; the open ones only, or all.
///
/// # Errors
/// `StoreError` from the database.
pub async fn read_all(database: &Database, open_only: bool) -> Result<Vec<Draft>, StoreError> {
    let only = if open_only { "where status = 'open'" } else { "" };
    let sql = format!("{DRAFT_SQL} {only} order by proposed_at_ms desc, draft_id limit 200");
    fetch(&mut *database.reader().await?, &sql, vec![]).await?.iter().map(draft).collect()
}

async fn get(connection: &mut AnyConnection, id: &str) -> Result<Draft, StoreError> {
    let row = fetch_one(connection, &format!("{DRAFT_SQL} where draft_id = $1"), args![id]).await?;
    row.as_ref().map_or_else(|| Err(StoreError::NotFound { what: "draft", id: id.to_owned() }), draft)
}

/// Keeps a draft for publishing; its expression must compile.
///
/// # Errors
/// `Conflict` when too many are open.
pub async fn propose(
    tx: &mut Tx<'_>,
    id: &str,
    rule: &Rule,
    base_version: i64,
    actor: &str,
    now: UnixMs,
) -> Result<Draft, StoreError> {
    let sql = "select count(*) as open from rule_draft where status = 'open'";
    let open: i64 =
        fetch(tx.connection, sql, vec![]).await?.first().map_or(Ok(0), |row| row.try_get("open"))?;
    if open >= OPEN_MAX {
        let message = format!("{OPEN_MAX} drafts are open already: publish or withdraw some");
        return Err(StoreError::Conflict { code: "too_many_drafts", message });
    }
    let columns = ["draft_id", "rule_id", "base_version", "body", "status", "proposed_at_ms", "proposed_by"];
    let body = serde_json::to_string(rule)?;
    let row = args![id, rule.id.as_str(), base_version, body, "open", now.0, actor];
    insert(tx.connection, "rule_draft", &columns, vec![row], "").await?;
    let detail = serde_json::json!({"draft": id, "base_version": base_version});
    audit::append(tx.connection, now, actor, "rule_proposed", &format!("rule:{}", rule.id), detail).await?;
    tx.tags.push(Tag::new("draft", id));
    get(tx.connection, id).await
}

/// Puts a draft in force. With `second_person` somebody other than its author must do it.
///
/// # Errors
/// `Conflict` when it is decided already, the rule has changed since, or the author publishes alone.
pub async fn publish(
    tx: &mut Tx<'_>,
    id: &str,
    second_person: bool,
    actor: &str,
    now: UnixMs,
) -> Result<Rule, StoreError> {
    let draft = open(tx, id).await?;
    if second_person && draft.proposed_by == actor {
        let message = "somebody else must publish it: two people look at every change of a rule".to_owned();
        return Err(StoreError::Conflict { code: "second_person_needed", message });
    }
    let version = tx.versions.rules.get(&draft.rule.id).map_or(0, |rule| rule.version);
    if version != draft.base_version {
        let message =
            format!("the rule is at version {version}, the draft was made from {}", draft.base_version);
        return Err(StoreError::Conflict { code: "rule_changed", message });
    }
    let rule = rules::put(tx, draft.rule, now, actor).await?;
    decide(tx, id, DraftStatus::Published, actor, now).await?;
    Ok(rule)
}

/// Takes a draft back.
///
/// # Errors
/// `Conflict` when it is decided already.
pub async fn withdraw(tx: &mut Tx<'_>, id: &str, actor: &str, now: UnixMs) -> Result<Draft, StoreError> {
    let draft = open(tx, id).await?;
    decide(tx, id, DraftStatus::Withdrawn, actor, now).await?;
    let detail = serde_json::json!({"draft": id});
    let subject = format!("rule:{}", draft.rule.id);
    audit::append(tx.connection, now, actor, "rule_draft_withdrawn", &subject, detail).await?;
    get(tx.connection, id).await
}

async fn open(tx: &mut Tx<'_>, id: &str) -> Result<Draft, StoreError> {
    let draft = get(tx.connection, id).await?;
    if draft.status == DraftStatus::Open {
        return Ok(draft);
    }
    let message = format!("the draft was {} already", draft.status.as_str());
    Err(StoreError::Conflict { code: "draft_decided", message })
}

async fn decide(
    tx: &mut Tx<'_>,
    id: &str,
    status: DraftStatus,
    actor: &str,
    now: UnixMs,
) -> Result<(), StoreError> {
    let sql = "update rule_draft set status = $1, decided_at_ms = $2, decided_by = $3 where draft_id = $4";
    execute(tx.connection, sql, args![status.as_str(), now.0, actor, id]).await?;
    tx.tags.push(Tag::new("draft", id));
    Ok(())
}
