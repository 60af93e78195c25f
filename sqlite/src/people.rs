//! People who may sign in, and their sessions.

use crate::sql::{args, execute, fetch, fetch_one, insert};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit};
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use sqlx::{Row, any::AnyRow};
use utoipa::ToSchema;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Agent,
    TeamLead,
    Mod,
    Finance,
    OpsLead,
    Admin,
}

const ROLES: [Role; 6] = [Role::Agent, Role::TeamLead, Role::Mod, Role::Finance, Role::OpsLead, Role::Admin];

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::TeamLead => "team_lead",
            Role::Mod => "mod",
            Role::Finance => "finance",
            Role::OpsLead => "ops_lead",
            Role::Admin => "admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        ROLES.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this person changes and publishes rules.
    pub fn publishes(self) -> bool {
        matches!(self, Role::OpsLead | Role::Admin)
    }
}

fn role(row: &AnyRow) -> Result<Role, StoreError> {
    let word: &str = row.try_get("role")?;
    Role::parse(word).ok_or_else(|| StoreError::Corrupt(format!("role {word:?}")))
}

/// How many people may publish rules. With two, the second one looks at what the first has written.
///
/// # Errors
/// `StoreError` from the database.
pub async fn who_publish(database: &Database) -> Result<i64, StoreError> {
    let sql = "select count(*) as people from person where role in ('ops_lead', 'admin') and disabled_at_ms is null";
    let rows = fetch(&mut *database.reader().await?, sql, vec![]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.try_get("people"))?)
}

/// Adds a person; `password_hash` is a PHC string.
///
/// # Errors
/// `Conflict` when the name is taken.
pub async fn add(
    tx: &mut Tx<'_>,
    name: &str,
    role: Role,
    password_hash: &str,
    actor: &str,
    now: UnixMs,
) -> Result<(), StoreError> {
    if fetch_one(tx.connection, "select name from person where name = $1", args![name]).await?.is_some() {
        let message = format!("there is a person named {name} already");
        return Err(StoreError::Conflict { code: "name_taken", message });
    }
    let columns = ["name", "role", "password_hash", "created_at_ms"];
    insert(tx.connection, "person", &columns, vec![args![name, role.as_str(), password_hash, now.0]], "")
        .await?;
    let detail = serde_json::json!({"role": role});
    audit::append(tx.connection, now, actor, "person_added", &format!("person:{name}"), detail).await?;
    tx.tags.push(Tag::new("person", name));
    Ok(())
}

/// A person's role and password hash, unless disabled or not there.
///
/// # Errors
/// `StoreError` from the database.
pub async fn credentials(database: &Database, name: &str) -> Result<Option<(Role, String)>, StoreError> {
    let sql = "select role, password_hash from person where name = $1 and disabled_at_ms is null";
    let row = fetch_one(&mut *database.reader().await?, sql, args![name]).await?;
    row.map(|row| Ok((role(&row)?, row.try_get("password_hash")?))).transpose()
}

/// Opens a session; sessions that have ended go.
///
/// # Errors
/// `StoreError` from the database.
pub async fn open_session(
    tx: &mut Tx<'_>,
    token_digest: &str,
    name: &str,
    expires_at: UnixMs,
    now: UnixMs,
) -> Result<(), StoreError> {
    execute(tx.connection, "delete from person_session where expires_at_ms <= $1", args![now.0]).await?;
    let columns = ["token_digest", "name", "expires_at_ms"];
    insert(tx.connection, "person_session", &columns, vec![args![token_digest, name, expires_at.0]], "")
        .await?;
    let actor = format!("user:{name}");
    let detail = serde_json::json!({"expires_at": expires_at});
    audit::append(tx.connection, now, &actor, "signed_in", &format!("person:{name}"), detail).await
}

/// Whose session a token is.
///
/// # Errors
/// `StoreError` from the database.
pub async fn of_session(
    database: &Database,
    token_digest: &str,
    now: UnixMs,
) -> Result<Option<(String, Role)>, StoreError> {
    let sql = "select p.name, p.role from person_session s join person p on p.name = s.name \
               where s.token_digest = $1 and s.expires_at_ms > $2 and p.disabled_at_ms is null";
    let row = fetch_one(&mut *database.reader().await?, sql, args![token_digest, now.0]).await?;
    row.map(|row| Ok((row.try_get("name")?, role(&row)?))).transpose()
}
