//! Copies of what every swipe reads and people seldom change: rules, stores, settings.
//!
//! Each copy is good while its counter in the database stands; the counters are read inside the
//! transaction that decides, so a decision never uses an outdated copy.

use crate::sql::{args, fetch};
use crate::{StoreError, rules, settings};
use fraud::lists::Lists;
use fraud::merchant::{MerchantIndex, PreparedStore, StoreNames};
use fraud::record::{Store, StoreKind};
use fraud::rule::RuleSet;
use fraud::travel::Place;
use sqlx::{AnyConnection, Row};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const RULES: &str = "rules";
pub(crate) const STORES: &str = "stores";
pub(crate) const SETTINGS: &str = "settings";
pub(crate) const LISTS: &str = "lists";
/// 1 once any card or order has become hot; while it is 0 nobody looks for their windows.
pub(crate) const HOT: &str = "hot";

/// The copies, each with the counter it was read at.
#[derive(Debug, Clone)]
pub struct Versions {
    pub rules: Arc<RuleSet>,
    pub stores: Arc<MerchantIndex>,
    stores_version: i64,
    lists: Arc<Lists>,
    lists_version: i64,
    /// Whether any card or order is hot.
    pub(crate) any_hot: bool,
    pub settings: Arc<settings::Settings>,
    /// Where the partner stores are, of those whose coordinates can be believed.
    pub places: Arc<HashMap<String, Place>>,
}

impl Versions {
    /// The lists as they stand, for trying a rule that is not in force.
    pub fn lists(&self) -> &Arc<Lists> {
        &self.lists
    }

    pub(crate) async fn load(connection: &mut AnyConnection) -> Result<Self, StoreError> {
        let mut versions = Versions {
            rules: Arc::default(),
            stores: Arc::new(MerchantIndex::new(Vec::new())),
            stores_version: -1,
            lists: Arc::default(),
            lists_version: -1,
            any_hot: false,
            places: Arc::default(),
            settings: Arc::new(settings::Settings { version: -1, ..settings::Settings::default() }),
        };
        versions.refresh(connection).await?;
        Ok(versions)
    }

    /// Reads the counters and whatever moved.
    pub(crate) async fn refresh(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let rows = fetch(connection, "select name, value from counter", vec![]).await?;
        let mut values: HashMap<String, i64> = HashMap::new();
        for row in rows {
            values.insert(row.try_get("name")?, row.try_get("value")?);
        }
        self.any_hot = values.get(HOT).is_some_and(|hot| *hot > 0);
        let moved = |name: &str, held: i64| values.get(name).copied().filter(|value| *value != held);
        let lists = moved(LISTS, self.lists_version);
        if let Some(value) = lists {
            self.lists = Arc::new(crate::lists::load(connection).await?);
            self.lists_version = value;
        }
        // Rules hold the lists they name, so either change compiles them anew.
        let rules = moved(RULES, self.rules.version);
        if let Some(value) = rules.or(lists.map(|_| self.rules.version)) {
            self.rules = Arc::new(rules::load(connection, value, &self.lists).await?);
        }
        if let Some(value) = moved(STORES, self.stores_version) {
            let stores = load_stores(connection).await?;
            let place = |s: &Store| Some((s.id.as_str().to_owned(), Place::believed(s.lat, s.lng)?));
            self.places = Arc::new(stores.iter().filter_map(place).collect());
            self.stores = Arc::new(index(stores));
            self.stores_version = value;
        }
        if moved(SETTINGS, self.settings.version).is_some() {
            self.settings = Arc::new(settings::load(connection).await?);
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

async fn load_stores(connection: &mut AnyConnection) -> Result<Vec<Store>, StoreError> {
    let rows =
        fetch(connection, "select record from store order by store_id limit $1", args![STORES_MAX]).await?;
    rows.iter().map(|row| Ok(serde_json::from_str(row.try_get("record")?)?)).collect()
}

fn index(stores: Vec<Store>) -> MerchantIndex {
    let prepared = stores.into_iter().map(|store| {
        PreparedStore::new(&StoreNames {
            store_id: store.id.as_str().to_owned(),
            name: store.name,
            aliases: store.merchant_aliases,
            liquor: store.kind == StoreKind::Liquor,
            partner: store.partner,
        })
    });
    MerchantIndex::new(prepared.collect())
}
