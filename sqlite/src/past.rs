//! Past swipes with the facts they were decided by, for replaying a draft of a rule.

use crate::sql::{args, fetch};
use crate::swipe::{self, home_currency};
use crate::{Database, StoreError};
use fraud::alert::Disposition;
use fraud::authorization::{Swipe, effective_at};
use fraud::facts::FactSet;
use fraud::ids::CardId;
use fraud::replay::PastSwipe;
use fraud::rule::{RuleMode, RuleSet};
use fraud::time::UnixMs;
use sqlx::{Row, any::AnyRow};
use std::collections::HashMap;

/// Swipes read at once: small enough to be short of memory never, large enough to be quick.
pub const CHUNK: i64 = 2_000;

/// Real swipes of a time, oldest first.
pub(crate) const PAST_SQL: &str = "select authorization_id, presented_card_id, card_id, shopper_id, amount_cents, currency, merchant_name, merchant_city, \
     merchant_country, merchant_category_code, occurred_at_ms, received_at_ms, outcome, decision \
     from card_authorization where received_at_ms >= $1 and received_at_ms < $2 and (received_at_ms > $3 or authorization_id > $4) \
     and simulated = 0 order by received_at_ms, authorization_id limit $5";

/// A past swipe with what a comparison by shopper and store shows.
#[derive(Debug, Clone)]
pub struct Replayed {
    pub past: PastSwipe,
    pub shopper_id: Option<String>,
    pub merchant: String,
    pub store_id: Option<String>,
}

/// What came of a chunk.
#[derive(Debug, Default)]
pub struct Chunk {
    pub swipes: Vec<Replayed>,
    /// Recorded before all facts were: they cannot be judged again.
    pub without_facts: usize,
    /// Where the next chunk begins; `None` at the end.
    pub next: Option<(UnixMs, String)>,
}

/// The chunk of `from..to` after `after`, read in one go.
///
/// # Errors
/// `StoreError` from the database.
pub async fn read_chunk(
    database: &Database,
    rules: &RuleSet,
    (from, to): (UnixMs, UnixMs),
    after: Option<&(UnixMs, String)>,
) -> Result<Chunk, StoreError> {
    let mut connection = database.reader().await?;
    let (from, after_ms, after_id) = match after {
        Some((at, id)) => (*at, at.0, id.as_str()),
        None => (from, from.0 - 1, ""),
    };
    let rows = fetch(&mut connection, PAST_SQL, args![from.0, to.0, after_ms, after_id, CHUNK]).await?;
    drop(connection);
    let home = home_currency(rules);
    let mut chunk = Chunk::default();
    if i64::try_from(rows.len()).unwrap_or(0) == CHUNK
        && let Some(last) = rows.last()
    {
        chunk.next = Some((UnixMs(last.try_get("received_at_ms")?), last.try_get("authorization_id")?));
    }
    for row in &rows {
        match replayed(row, &home)? {
            Some(swipe) => chunk.swipes.push(swipe),
            None => chunk.without_facts += 1,
        }
    }
    Ok(chunk)
}

/// Of the record only what a comparison needs.
#[derive(serde::Deserialize)]
struct FactsAndRules {
    facts: serde_json::Value,
    reasons: Vec<RuleAndMode>,
}

#[derive(serde::Deserialize)]
struct RuleAndMode {
    rule: String,
    mode: RuleMode,
}

fn replayed(row: &AnyRow, home: &str) -> Result<Option<Replayed>, StoreError> {
    let (occurred_at, received_at) =
        (UnixMs(row.try_get("occurred_at_ms")?), UnixMs(row.try_get("received_at_ms")?));
    let swipe = Swipe {
        presented_card_id: CardId::parse(row.try_get::<String, _>("presented_card_id")?)
            .map_err(|_| StoreError::Corrupt("card id".into()))?,
        amount_cents: row.try_get("amount_cents")?,
        currency: row.try_get("currency")?,
        merchant: swipe::merchant(row)?,
        reference: None,
        occurred_at,
        received_at,
        simulated: false,
        had_full_card_number: false,
        repeat_key: String::new(),
        reference_key: None,
    };
    let recorded: FactsAndRules = serde_json::from_str(row.try_get("decision")?)?;
    let Some(facts) = FactSet::recorded(&swipe, &recorded.facts) else { return Ok(None) };
    let text = |path: &str| Some(facts.text(path).to_owned()).filter(|text| !text.is_empty());
    let live = recorded.reasons.into_iter().filter(|reason| reason.mode == RuleMode::Live);
    let (order_id, store_id) = (text("order.id"), text("merchant.store_id"));
    Ok(Some(Replayed {
        past: PastSwipe {
            authorization_id: row.try_get("authorization_id")?,
            card_id: row.try_get("card_id")?,
            order_id,
            at: effective_at(occurred_at, received_at),
            received_at,
            amount_cents: swipe.amount_cents,
            home: swipe.currency == home,
            outcome: swipe::outcome(row.try_get("outcome")?)?,
            rules: live.map(|reason| reason.rule).collect(),
            facts,
        },
        shopper_id: row.try_get("shopper_id")?,
        merchant: swipe.merchant.name,
        store_id,
    }))
}

/// How many real swipes there are in a time, for the progress of a replay.
///
/// # Errors
/// `StoreError` from the database.
pub async fn count(database: &Database, from: UnixMs, to: UnixMs) -> Result<i64, StoreError> {
    let sql = "select count(*) as swipes from card_authorization where received_at_ms >= $1 and received_at_ms < $2";
    let rows = fetch(&mut *database.reader().await?, sql, args![from.0, to.0]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.try_get("swipes"))?)
}

/// More swipes of alerts than a replay's period holds in practice; bounds its memory.
const DISPOSITIONS_MAX: i64 = 1_000_000;

/// What people found of swipes: those in alerts that were disposed of.
///
/// # Errors
/// `StoreError` from the database.
pub async fn dispositions(
    database: &Database,
    from: UnixMs,
    to: UnixMs,
) -> Result<HashMap<String, Disposition>, StoreError> {
    let sql = "select r.subject_id, l.disposition from alert l join alert_reason r on r.alert_id = l.alert_id \
               where l.disposition is not null and l.raised_at_ms >= $1 and l.raised_at_ms < $2 limit $3";
    let reach = fraud::alert::JOIN_WINDOW_MS;
    let bound = args![from.plus(-reach).0, to.plus(reach).0, DISPOSITIONS_MAX];
    fetch(&mut *database.reader().await?, sql, bound)
        .await?
        .iter()
        .map(|row| {
            let word: &str = row.try_get("disposition")?;
            let disposition = Disposition::parse(word)
                .ok_or_else(|| StoreError::Corrupt(format!("disposition {word:?}")))?;
            Ok((row.try_get("subject_id")?, disposition))
        })
        .collect()
}

/// Names of shoppers and stores, for showing.
///
/// # Errors
/// `StoreError` from the database.
pub async fn names(
    database: &Database,
    kind: Named,
    ids: &[String],
) -> Result<HashMap<String, String>, StoreError> {
    let sql = match kind {
        Named::Shopper => "select shopper_id as id, name from shopper where shopper_id in ({in})",
        Named::Store => "select store_id as id, name from store where store_id in ({in})",
    };
    let rows = crate::sql::fetch_in(&mut *database.reader().await?, sql, vec![], ids).await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("name")?))).collect()
}

#[derive(Debug, Clone, Copy)]
pub enum Named {
    Shopper,
    Store,
}
