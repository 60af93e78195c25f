//! Copies of what every swipe reads and people seldom change: rules, stores, settings.
//!
//! Each copy is good while its counter in the database stands; the counters are read inside the
//! transaction that decides, so a decision never uses an outdated copy.

use crate::sql::{args, fetch};
use crate::{StoreError, rules, settings};
use fraud::merchant::{MerchantIndex, PreparedStore, StoreNames};
use fraud::record::{Store, StoreKind};
use fraud::rule::RuleSet;
use sqlx::{AnyConnection, Row};
use std::sync::Arc;

pub(crate) const RULES: &str = "rules";
pub(crate) const STORES: &str = "stores";
pub(crate) const SETTINGS: &str = "settings";

/// The copies, each with the counter it was read at.
#[derive(Debug, Clone)]
pub struct Versions {
    pub rules: Arc<RuleSet>,
    pub stores: Arc<MerchantIndex>,
    stores_version: i64,
    pub settings: Arc<settings::Settings>,
}

impl Versions {
    pub(crate) async fn load(connection: &mut AnyConnection) -> Result<Self, StoreError> {
        let mut versions = Versions {
            rules: Arc::default(),
            stores: Arc::new(MerchantIndex::new(Vec::new())),
            stores_version: -1,
            settings: Arc::new(settings::Settings { version: -1, ..settings::Settings::default() }),
        };
        versions.refresh(connection).await?;
        Ok(versions)
    }

    /// Reads the counters and whatever moved.
    pub(crate) async fn refresh(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let rows = fetch(connection, "select name, value from counter", vec![]).await?;
        for row in rows {
            let value: i64 = row.try_get("value")?;
            match row.try_get::<&str, _>("name")? {
                RULES if value != self.rules.version => {
                    self.rules = Arc::new(rules::load(connection, value).await?)
                }
                STORES if value != self.stores_version => {
                    self.stores = Arc::new(load_stores(connection).await?);
                    self.stores_version = value;
                }
                SETTINGS if value != self.settings.version => {
                    self.settings = Arc::new(settings::load(connection).await?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Moves a counter on, so that every copy is read afresh.
pub(crate) async fn bump(connection: &mut AnyConnection, name: &str) -> Result<i64, StoreError> {
    let sql = "update counter set value = value + 1 where name = $1 returning value";
    let row = fetch(connection, sql, args![name]).await?;
    row.first()
        .map_or(Err(StoreError::Corrupt(format!("no counter {name}"))), |row| Ok(row.try_get("value")?))
}

/// More stores than any partner has; a guard against a runaway feed filling memory.
const STORES_MAX: i64 = 100_000;

async fn load_stores(connection: &mut AnyConnection) -> Result<MerchantIndex, StoreError> {
    let rows =
        fetch(connection, "select record from store order by store_id limit $1", args![STORES_MAX]).await?;
    let mut prepared = Vec::with_capacity(rows.len());
    for row in rows {
        let store: Store = serde_json::from_str(row.try_get("record")?)?;
        prepared.push(PreparedStore::new(&StoreNames {
            store_id: store.id.as_str().to_owned(),
            name: store.name,
            aliases: store.merchant_aliases,
            liquor: store.kind == StoreKind::Liquor,
            partner: store.partner,
        }));
    }
    Ok(MerchantIndex::new(prepared))
}
