//! Keys of machines: hashed, scoped, revocable.

use crate::sql::{args, execute, fetch, fetch_one, insert};
use crate::writer::{Tag, Tx};
use crate::{Database, StoreError, audit};
use fraud::time::UnixMs;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row, any::AnyRow};
use utoipa::ToSchema;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Webhook,
    Carts,
    Promotions,
    Ingest,
}

impl Scope {
    pub const ALL: [Scope; 4] = [Scope::Webhook, Scope::Carts, Scope::Promotions, Scope::Ingest];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Webhook => "webhook",
            Scope::Carts => "carts",
            Scope::Promotions => "promotions",
            Scope::Ingest => "ingest",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A key as the desk sees it; the secret is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartnerKey {
    pub id: String,
    pub name: String,
    pub scope: Scope,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: UnixMs,
    pub last_used_at: Option<UnixMs>,
    pub revoked_at: Option<UnixMs>,
}

/// SHA-256 of a secret, in hexadecimal. A secret has 256 random bits, so no slow hash is needed.
pub fn digest(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

const KEY_SQL: &str =
    "select key_id, name, scope, created_at_ms, last_used_at_ms, revoked_at_ms from partner_key";

fn key(row: &AnyRow) -> Result<PartnerKey, StoreError> {
    let scope: &str = row.try_get("scope")?;
    Ok(PartnerKey {
        id: row.try_get("key_id")?,
        name: row.try_get("name")?,
        scope: Scope::parse(scope).ok_or_else(|| StoreError::Corrupt(format!("scope {scope:?}")))?,
        created_at: UnixMs(row.try_get("created_at_ms")?),
        last_used_at: row.try_get::<Option<i64>, _>("last_used_at_ms")?.map(UnixMs),
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at_ms")?.map(UnixMs),
    })
}

/// Adds a key.
///
/// # Errors
/// `StoreError` from the database.
pub async fn add(
    tx: &mut Tx<'_>,
    id: &str,
    name: &str,
    scope: Scope,
    secret_digest: &str,
    actor: &str,
    now: UnixMs,
) -> Result<PartnerKey, StoreError> {
    let columns = ["key_id", "name", "scope", "secret_digest", "created_at_ms"];
    insert(
        tx.connection,
        "partner_key",
        &columns,
        vec![args![id, name, scope.as_str(), secret_digest, now.0]],
        "",
    )
    .await?;
    let detail = serde_json::json!({"scope": scope, "name": name});
    audit::append(tx.connection, now, actor, "key_added", &format!("key:{id}"), detail).await?;
    tx.tags.push(Tag::new("key", id));
    get(tx.connection, id).await
}

async fn get(connection: &mut AnyConnection, id: &str) -> Result<PartnerKey, StoreError> {
    let row = fetch_one(connection, &format!("{KEY_SQL} where key_id = $1"), args![id]).await?;
    key(&row.ok_or_else(|| StoreError::NotFound { what: "key", id: id.to_owned() })?)
}

/// Revokes a key by its id or, where only one live key bears it, its name.
///
/// # Errors
/// `NotFound`, or `Conflict` when several live keys bear the name.
pub async fn revoke(
    tx: &mut Tx<'_>,
    id_or_name: &str,
    actor: &str,
    now: UnixMs,
) -> Result<PartnerKey, StoreError> {
    let sql = format!("{KEY_SQL} where key_id = $1 or (name = $1 and revoked_at_ms is null) limit 3");
    let rows = fetch(tx.connection, &sql, args![id_or_name]).await?;
    let keys = rows.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    let found = match keys.as_slice() {
        [] => return Err(StoreError::NotFound { what: "key", id: id_or_name.to_owned() }),
        [only] => only.clone(),
        several => match several.iter().find(|key| key.id == id_or_name) {
            Some(exact) => exact.clone(),
            None => {
                let message = format!("several keys are named {id_or_name}: give the id");
                return Err(StoreError::Conflict { code: "ambiguous_name", message });
            }
        },
    };
    let sql = "update partner_key set revoked_at_ms = $1 where key_id = $2 and revoked_at_ms is null";
    if execute(tx.connection, sql, args![now.0, found.id.as_str()]).await? > 0 {
        audit::append(
            tx.connection,
            now,
            actor,
            "key_revoked",
            &format!("key:{}", found.id),
            serde_json::json!({}),
        )
        .await?;
        tx.tags.push(Tag::new("key", found.id.clone()));
    }
    get(tx.connection, &found.id).await
}

/// More keys than a company has partners.
const KEYS_MAX: i64 = 1_000;

/// Every key, newest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(database: &Database) -> Result<Vec<PartnerKey>, StoreError> {
    let mut connection = database.reader().await?;
    let sql = format!("{KEY_SQL} order by created_at_ms desc, key_id desc limit $1");
    fetch(&mut connection, &sql, args![KEYS_MAX]).await?.iter().map(key).collect()
}

/// Digests of the keys in force, with what each may do.
///
/// # Errors
/// `StoreError` from the database.
pub async fn in_force(database: &Database) -> Result<Vec<(String, String, Scope)>, StoreError> {
    let mut connection = database.reader().await?;
    let sql = "select secret_digest, key_id, scope from partner_key where revoked_at_ms is null order by created_at_ms limit $1";
    fetch(&mut connection, sql, args![KEYS_MAX])
        .await?
        .iter()
        .map(|row| {
            let scope: &str = row.try_get("scope")?;
            let scope = Scope::parse(scope).ok_or_else(|| StoreError::Corrupt(format!("scope {scope:?}")))?;
            Ok((row.try_get("secret_digest")?, row.try_get("key_id")?, scope))
        })
        .collect()
}

/// Notes when keys were last used.
///
/// # Errors
/// `StoreError` from the database.
pub async fn used(tx: &mut Tx<'_>, used: &[(String, UnixMs)]) -> Result<(), StoreError> {
    for (id, at) in used {
        execute(
            tx.connection,
            "update partner_key set last_used_at_ms = $1 where key_id = $2",
            args![at.0, id.as_str()],
        )
        .await?;
    }
    Ok(())
}
