//! Swipes and our decisions, as the desk sees them.

use crate::cards::PersonRef;
use crate::orders::{self, AssignedOrder};
use crate::sql::{Cursor, Filter, Page, args, fetch, fetch_in, page};
use crate::swipe::{Recorded, home_currency, tolerance};
use crate::{Database, StoreError, Writer};
use fraud::bank_event::EventKind;
use fraud::decision::{FiredRule, Outcome, RuleFailure};
use fraud::merchant::PreparedStore;
use fraud::rule::RuleMode;
use fraud::time::UnixMs;
use serde::Serialize;
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A rule that fired on a swipe, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    #[serde(flatten)]
    pub fired: FiredRule,
    /// It fired only once a late fact was known.
    pub late: bool,
    pub explained: Option<Explained>,
}

/// A later fact that cleared a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explained {
    pub at: UnixMs,
    pub why: String,
}

/// The order a swipe belongs to, as known now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OrderLink {
    pub order_id: String,
    pub store_id: String,
    pub store_name: Option<String>,
    pub status: String,
    pub placed_at: UnixMs,
    pub opens_at: UnixMs,
    pub closes_at: UnixMs,
    pub value_cents: i64,
    pub spent_cents: i64,
    /// exact, alias, truncated ... none, unknown_store.
    pub merchant_match: String,
}

/// A report of the bank on this swipe.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LaterEvent {
    pub event_id: String,
    pub kind: EventKind,
    pub received_at: UnixMs,
    pub occurred_at: UnixMs,
    pub amount_cents: i64,
    pub matched_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Authorization {
    pub id: String,
    pub card_id: String,
    pub presented_card_id: String,
    pub masked_number: Option<String>,
    pub shopper: Option<PersonRef>,
    pub received_at: UnixMs,
    /// The bank's time.
    pub occurred_at: UnixMs,
    /// The bank's time is more than 24 h from ours.
    pub clock_suspect: bool,
    pub merchant: String,
    pub merchant_city: String,
    pub merchant_country: String,
    pub merchant_category_code: String,
    pub amount_cents: i64,
    pub currency: String,
    pub reference: Option<String>,
    pub outcome: Outcome,
    pub stand_in: bool,
    pub simulated: bool,
    /// Further calls of the bank for the same authorization.
    pub repeats: i64,
    pub rule_set_version: i64,
    /// Weightiest first; shadow rules are among them.
    pub reasons: Vec<Reason>,
    /// Rules that could not be evaluated.
    pub failures: Vec<RuleFailure>,
    /// Every fact the rules saw.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub facts: serde_json::Value,
    pub order: Option<OrderLink>,
    /// What counts against the order after reversals.
    pub net_cents: i64,
    /// awaiting_after, none_expected, reported_success, reported_declined, partly_reversed, reversed, contradicted.
    pub bank_state: String,
    pub events: Vec<LaterEvent>,
    pub alert_id: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct AuthorizationFilter {
    pub card_id: Option<String>,
    pub alert_id: Option<String>,
    pub outcome: Option<String>,
    pub rule: Option<String>,
    pub simulated: Option<bool>,
    pub from: Option<UnixMs>,
    pub to: Option<UnixMs>,
    pub reference: Option<String>,
    pub q: Option<String>,
}

pub(crate) const SQL: &str = "select a.authorization_id, a.card_id, a.presented_card_id, c.masked_number, a.shopper_id, s.name as shopper_name, a.received_at_ms, \
     a.occurred_at_ms, a.merchant_name, a.merchant_city, a.merchant_country, a.merchant_category_code, a.amount_cents, a.currency, a.reference, \
     a.outcome, a.stand_in, a.simulated, a.rule_set_version, a.decision, a.order_id, a.net_cents, a.bank_state, \
     (select count(*) from authorization_repeat r where r.authorization_id = a.authorization_id) as repeats \
     from card_authorization a join card c on c.card_id = a.card_id left join shopper s on s.shopper_id = coalesce(a.shopper_id, c.shopper_id)";

/// Swipes, newest first.
///
/// # Errors
/// `StoreError` from the database.
pub async fn list(
    database: &Database,
    writer: &Writer,
    filter: &AuthorizationFilter,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Result<Page<Authorization>, StoreError> {
    let mut clauses = Filter::new();
    clauses
        .maybe("a.card_id = (select card_id from card_alias where alias_id = {})", filter.card_id.as_deref());
    clauses.maybe(
        "a.authorization_id in (select subject_id from alert_reason where alert_id = {})",
        filter.alert_id.as_deref(),
    );
    clauses.maybe("a.outcome = {}", filter.outcome.as_deref());
    clauses.maybe(
        "exists (select 1 from alert_reason r where r.subject_id = a.authorization_id and r.rule = {})",
        filter.rule.as_deref(),
    );
    clauses.maybe("a.simulated = {}", filter.simulated);
    clauses.maybe("a.received_at_ms >= {}", filter.from.map(|at| at.0));
    clauses.maybe("a.received_at_ms < {}", filter.to.map(|at| at.0));
    clauses.maybe("a.reference = {}", filter.reference.as_deref());
    if let Some(q) = &filter.q {
        let pattern = format!("%{}%", q.to_lowercase().replace(['%', '_'], ""));
        clauses.add("lower(a.merchant_name || ' ' || coalesce(c.masked_number, '') || ' ' || coalesce(s.name, '')) like {}", pattern);
    }
    clauses.before("a.received_at_ms", "a.authorization_id", cursor);
    let sql = format!(
        "{SQL} {} order by a.received_at_ms desc, a.authorization_id desc limit {}",
        clauses.sql(),
        limit + 1
    );
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &sql, clauses.args).await?;
    let items = dress(&mut connection, writer, &rows).await?;
    Ok(page(items, limit, |a| Cursor { at_ms: a.received_at.0, id: a.id.clone() }))
}

/// One swipe.
///
/// # Errors
/// `NotFound` when it does not exist.
pub async fn get(database: &Database, writer: &Writer, id: &str) -> Result<Authorization, StoreError> {
    let mut connection = database.reader().await?;
    let rows = fetch(&mut connection, &format!("{SQL} where a.authorization_id = $1"), args![id]).await?;
    let mut items = dress(&mut connection, writer, &rows).await?;
    items.pop().ok_or_else(|| StoreError::NotFound { what: "authorization", id: id.to_owned() })
}

/// What the alerts of a swipe say of one rule.
struct AlertSays {
    alert_id: String,
    rule: String,
    fired: FiredRule,
    late: bool,
    explained: Option<Explained>,
}

async fn dress(
    connection: &mut AnyConnection,
    writer: &Writer,
    rows: &[AnyRow],
) -> Result<Vec<Authorization>, StoreError> {
    let ids: Vec<String> =
        rows.iter().filter_map(|row| row.try_get::<String, _>("authorization_id").ok()).collect();
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let mut events = events(connection, &ids).await?;
    let mut says = says(connection, &ids).await?;
    let order_ids: Vec<String> =
        rows.iter().filter_map(|row| row.try_get::<Option<String>, _>("order_id").ok().flatten()).collect();
    let orders = orders::by_ids(connection, &order_ids, &home_currency(&writer.versions().rules)).await?;
    rows.iter()
        .map(|row| {
            let id: String = row.try_get("authorization_id")?;
            let events = events.remove(&id).unwrap_or_default();
            let says = says.remove(&id).unwrap_or_default();
            authorization(row, id, events, says, &orders, writer)
        })
        .collect()
}

async fn events(
    connection: &mut AnyConnection,
    ids: &[String],
) -> Result<HashMap<String, Vec<LaterEvent>>, StoreError> {
    let sql = "select authorization_id, event_id, kind, received_at_ms, occurred_at_ms, amount_cents, matched_by from bank_event \
               where authorization_id in ({in}) order by received_at_ms limit 5000";
    let mut found: HashMap<String, Vec<LaterEvent>> = HashMap::new();
    for row in fetch_in(connection, sql, vec![], ids).await? {
        let kind =
            EventKind::parse(row.try_get("kind")?).ok_or_else(|| StoreError::Corrupt("event kind".into()))?;
        found.entry(row.try_get("authorization_id")?).or_default().push(LaterEvent {
            event_id: row.try_get("event_id")?,
            kind,
            received_at: UnixMs(row.try_get("received_at_ms")?),
            occurred_at: UnixMs(row.try_get("occurred_at_ms")?),
            amount_cents: row.try_get("amount_cents")?,
            matched_by: row.try_get("matched_by")?,
        });
    }
    Ok(found)
}

async fn says(
    connection: &mut AnyConnection,
    ids: &[String],
) -> Result<HashMap<String, Vec<AlertSays>>, StoreError> {
    let sql = "select subject_id, alert_id, rule, fired, late, explained_at_ms, explained_why from alert_reason where subject_id in ({in}) order by subject_id, alert_id, rule limit 5000";
    let mut found: HashMap<String, Vec<AlertSays>> = HashMap::new();
    for row in fetch_in(connection, sql, vec![], ids).await? {
        let why: Option<String> = row.try_get("explained_why")?;
        let at: Option<i64> = row.try_get("explained_at_ms")?;
        found.entry(row.try_get("subject_id")?).or_default().push(AlertSays {
            alert_id: row.try_get("alert_id")?,
            rule: row.try_get("rule")?,
            fired: serde_json::from_str(row.try_get("fired")?)?,
            late: row.try_get::<i64, _>("late")? == 1,
            explained: at.map(|at| Explained { at: UnixMs(at), why: why.unwrap_or_default() }),
        });
    }
    Ok(found)
}

/// The decision's reasons with what alerts say of them now, and those that only alerts know.
fn reasons(recorded: Vec<FiredRule>, says: Vec<AlertSays>) -> Vec<Reason> {
    let mut says = says;
    let mut reasons: Vec<Reason> = recorded
        .into_iter()
        .map(|fired| {
            let found = says.iter().position(|s| s.rule == fired.rule && !s.late);
            let explained = found.and_then(|index| says.swap_remove(index).explained);
            Reason { fired, late: false, explained }
        })
        .collect();
    // Those of equal weight stay as they were found.
    reasons.extend(says.into_iter().map(|s| Reason { fired: s.fired, late: s.late, explained: s.explained }));
    reasons.sort_by_key(|r| {
        std::cmp::Reverse((r.fired.mode == RuleMode::Live, r.fired.outcome, r.fired.severity))
    });
    reasons
}

fn authorization(
    row: &AnyRow,
    id: String,
    events: Vec<LaterEvent>,
    says: Vec<AlertSays>,
    orders: &[AssignedOrder],
    writer: &Writer,
) -> Result<Authorization, StoreError> {
    let recorded: Recorded = serde_json::from_str(row.try_get("decision")?)?;
    let alert_id =
        says.iter().find(|s| !s.alert_id.starts_with("gap_")).or(says.first()).map(|s| s.alert_id.clone());
    let (received_at, occurred_at) =
        (UnixMs(row.try_get("received_at_ms")?), UnixMs(row.try_get("occurred_at_ms")?));
    let shopper_name: Option<String> = row.try_get("shopper_name")?;
    let merchant: String = row.try_get("merchant_name")?;
    let merchant_city: String = row.try_get("merchant_city")?;
    let order_id: Option<String> = row.try_get("order_id")?;
    let order = orders.iter().find(|o| Some(&o.order.order_id) == order_id.as_ref());
    Ok(Authorization {
        id,
        card_id: row.try_get("card_id")?,
        presented_card_id: row.try_get("presented_card_id")?,
        masked_number: row.try_get("masked_number")?,
        shopper: row
            .try_get::<Option<String>, _>("shopper_id")?
            .map(|id| PersonRef { name: shopper_name.unwrap_or_else(|| id.clone()), id }),
        received_at,
        occurred_at,
        clock_suspect: occurred_at.since(received_at).abs() > fraud::authorization::CLOCK_SUSPECT_MS,
        order: order.map(|o| link(o, &merchant, &merchant_city, writer)),
        merchant,
        merchant_city,
        merchant_country: row.try_get("merchant_country")?,
        merchant_category_code: row.try_get("merchant_category_code")?,
        amount_cents: row.try_get("amount_cents")?,
        currency: row.try_get("currency")?,
        reference: row.try_get("reference")?,
        outcome: crate::swipe::outcome(row.try_get("outcome")?)?,
        stand_in: row.try_get::<i64, _>("stand_in")? == 1,
        simulated: row.try_get::<i64, _>("simulated")? == 1,
        repeats: row.try_get("repeats")?,
        rule_set_version: row.try_get("rule_set_version")?,
        reasons: reasons(recorded.reasons, says),
        failures: recorded.failures,
        facts: recorded.facts,
        net_cents: row.try_get("net_cents")?,
        bank_state: row.try_get("bank_state")?,
        events,
        alert_id,
    })
}

fn link(assigned: &AssignedOrder, merchant: &str, city: &str, writer: &Writer) -> OrderLink {
    let versions = writer.versions();
    let order = &assigned.order;
    let store = versions.stores.get(&order.store_id);
    let merchant_match = store
        .map_or("unknown_store", |store| versions.stores.compare(merchant, city, store.store_id()).as_str());
    let (opens_at, closes_at) = order.window(tolerance(&versions.rules));
    OrderLink {
        order_id: order.order_id.clone(),
        store_id: order.store_id.clone(),
        store_name: store.map(PreparedStore::name).map(str::to_owned),
        status: order.status.clone(),
        placed_at: order.placed_at,
        opens_at,
        closes_at,
        value_cents: order.value_cents,
        spent_cents: order.spent_cents,
        merchant_match: merchant_match.to_owned(),
    }
}
