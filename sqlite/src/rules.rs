//! Rules and their versions.

use crate::sql::{args, fetch, insert};
use crate::versions;
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit, lists};
use fraud::lists::Lists;
use fraud::rule::{Rule, RuleSet};
use fraud::shipped;
use fraud::time::UnixMs;
use sqlx::{AnyConnection, Row};
use std::sync::Arc;

/// More rules than a desk can keep in mind; bounds the work of every swipe.
pub const RULES_MAX: i64 = 200;

pub(crate) async fn load(
    connection: &mut AnyConnection,
    set_version: i64,
    lists: &Arc<Lists>,
) -> Result<RuleSet, StoreError> {
    let rules = list(connection).await?;
    RuleSet::compile(set_version, rules, lists)
        .map_err(|(id, bad)| StoreError::Corrupt(format!("rule {id}: {bad}")))
}

/// Every rule in force, weightiest shipped ones first.
async fn list(connection: &mut AnyConnection) -> Result<Vec<Rule>, StoreError> {
    let rows =
        fetch(connection, "select body from rule order by position limit $1", args![RULES_MAX]).await?;
    rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("body")?)?)).collect()
}

/// Every version of a rule, newest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn read_versions(database: &Database, rule_id: &str) -> Result<Vec<Rule>, StoreError> {
    let sql = "select body from rule_version where rule_id = $1 order by version desc limit 500";
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, sql, args![rule_id]).await?;
    rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("body")?)?)).collect()
}

/// Puts in the shipped rules that the database does not have yet.
///
/// # Errors
/// `StoreError` from the database.
pub async fn seed(tx: &mut Tx<'_>, now: UnixMs) -> Result<(), StoreError> {
    lists::seed(tx, now).await?;
    let present: Vec<String> = list(tx.connection).await?.into_iter().map(|rule| rule.id).collect();
    let missing: Vec<Rule> =
        shipped::rules(now).into_iter().filter(|rule| !present.contains(&rule.id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let set_version = versions::bump(tx.connection, versions::RULES).await?;
    for (position, rule) in (present.len() as i64..).zip(missing) {
        write(tx.connection, &rule, position, set_version).await?;
    }
    Ok(())
}

async fn write(
    connection: &mut AnyConnection,
    rule: &Rule,
    position: i64,
    set_version: i64,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(rule)?;
    let columns = ["rule_id", "position", "version", "body"];
    let row = args![rule.id.as_str(), position, rule.version, body.as_str()];
    let update = "on conflict (rule_id) do update set version = excluded.version, body = excluded.body";
    insert(connection, "rule", &columns, vec![row], update).await?;
    let columns = ["rule_id", "version", "set_version", "body"];
    insert(
        connection,
        "rule_version",
        &columns,
        vec![args![rule.id.as_str(), rule.version, set_version, body]],
        "",
    )
    .await
}

/// Puts a rule in force as its next version; a new id makes a new rule. The expression must compile.
///
/// # Errors
/// `Conflict` when there are too many rules; `StoreError` from the database.
pub async fn put(tx: &mut Tx<'_>, rule: Rule, now: UnixMs, actor: &str) -> Result<Rule, StoreError> {
    let present = list(tx.connection).await?;
    if present.len() as i64 >= RULES_MAX && present.iter().all(|other| other.id != rule.id) {
        return Err(StoreError::Conflict {
            code: "too_many_rules",
            message: format!("there are {RULES_MAX} rules already"),
        });
    }
    let before = present.iter().find(|other| other.id == rule.id);
    let version = before.map_or(1, |rule| rule.version + 1);
    let rule = Rule { version, updated_at: now, updated_by: actor.to_owned(), ..rule };
    let set_version = versions::bump(tx.connection, versions::RULES).await?;
    write(tx.connection, &rule, present.len() as i64, set_version).await?;
    let detail = serde_json::json!({"version": version, "mode": rule.mode, "outcome": rule.outcome, "set_version": set_version});
    audit::append(tx.connection, now, actor, "rule_changed", &format!("rule:{}", rule.id), detail).await?;
    tx.tags.push(Tag::new("rule", rule.id.clone()));
    Ok(rule)
}
