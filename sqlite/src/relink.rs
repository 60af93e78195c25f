//! Linking swipes afresh when an order, an assignment, a card, a store or a reversal arrives late.
//!
//! Every swipe of a shopper in a span is judged again, in the order of receipt, with today's facts and rules.
//! The recorded decision stays; the link, and what alerts say, follow the facts.

use crate::StoreError;
use crate::alerts::{self, ReasonChange};
use crate::cards::CardRow;
use crate::firings;
use crate::history::{self, Asked, Scope};
use crate::orders::{self, AssignedOrder};
use crate::roster::{self, Around};
use crate::sql::{args, execute, fetch, insert};
use crate::swipe::{
    self, BACKED, Before, Decided, Judged, MOMENT_RULES, RECEIPT_SLACK_MS, Recorded, home_currency, judge,
    outcome, tolerance,
};
use crate::writer::{Tag, Tx};
use fraud::authorization::Swipe;
use fraud::decision::{FiredRule, Outcome};
use fraud::facts::FactSet;
use fraud::ids::CardId;
use fraud::link::{OPEN_ORDER_MS, OpenOrder};
use fraud::merchant::PreparedStore;
use fraud::money::rand;
use fraud::rule::{RuleMode, RuleScope};
use fraud::shipped;
use fraud::time::{DAY_MS, UnixMs};
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::HashMap;

/// Swipes judged afresh at once: a shopper's busy week. Older ones stay as they were decided.
const SWIPES_MAX: i64 = 2_000;
/// How far back a new card or assignment of a card reaches.
pub(crate) const CARD_REACH_MS: i64 = 30 * DAY_MS;
/// Shoppers worked off in one step, so that a step stays short.
const SHOPPERS_PER_STEP: i64 = 4;

/// Notes that a shopper's swipes in a span must be judged afresh.
pub(crate) async fn mark(
    connection: &mut AnyConnection,
    marks: Vec<(String, UnixMs, UnixMs)>,
) -> Result<(), StoreError> {
    let mut spans: HashMap<String, (i64, i64)> = HashMap::new();
    for (shopper, from, to) in marks {
        let span = spans.entry(shopper).or_insert((from.0, to.0));
        *span = (span.0.min(from.0), span.1.max(to.0));
    }
    let rows = spans.into_iter().map(|(shopper, (from, to))| args![shopper, from, to]).collect();
    let widen = "on conflict (shopper_id) do update set \
                 from_ms = case when excluded.from_ms < relink_due.from_ms then excluded.from_ms else relink_due.from_ms end, \
                 to_ms = case when excluded.to_ms > relink_due.to_ms then excluded.to_ms else relink_due.to_ms end";
    insert(connection, "relink_due", &["shopper_id", "from_ms", "to_ms"], rows, widen).await
}

/// Works off a few of the shoppers noted; answers whether more wait.
///
/// # Errors
/// `StoreError` from the database.
pub async fn step(tx: &mut Tx<'_>, now: UnixMs) -> Result<bool, StoreError> {
    let sql = "select shopper_id, from_ms, to_ms from relink_due order by shopper_id limit $1";
    let rows = fetch(tx.connection, sql, args![SHOPPERS_PER_STEP + 1]).await?;
    let more = rows.len() as i64 > SHOPPERS_PER_STEP;
    for row in rows.iter().take(SHOPPERS_PER_STEP as usize) {
        let id: String = row.try_get("shopper_id")?;
        let (from, to) = (UnixMs(row.try_get("from_ms")?), UnixMs(row.try_get("to_ms")?));
        shopper(tx, &id, from, to, now).await?;
        execute(tx.connection, "delete from relink_due where shopper_id = $1", args![id]).await?;
    }
    Ok(more)
}

/// A swipe as it was recorded.
struct Past {
    authorization_id: String,
    swipe: Swipe,
    card: CardRow,
    recorded: Recorded,
    outcome: Outcome,
    stand_in: bool,
    order_id: Option<String>,
    net_cents: i64,
    decided_seq: i64,
    backed: bool,
    place_id: Option<String>,
}

/// The swipes of a shopper's cards in a span of receipt.
pub(crate) const PAST_SQL: &str = "select a.authorization_id, a.presented_card_id, a.card_id, c.known, c.masked_number, c.status, c.shopper_id, a.amount_cents, \
     a.currency, a.merchant_name, a.merchant_city, a.merchant_country, a.merchant_category_code, a.reference, a.occurred_at_ms, a.received_at_ms, \
     a.simulated, a.repeat_key, a.reference_key, a.outcome, a.stand_in, a.decision, a.order_id, a.net_cents, a.decided_seq, a.backed, a.place_id \
     from card c join card_authorization a on a.card_id = c.card_id \
     where {whose} = $1 and a.received_at_ms >= $2 and a.received_at_ms <= $3 order by a.decided_seq, a.authorization_id limit $4";

/// Judges afresh a shopper's swipes that an order of `from`..=`to` may hold; where one changes its order, all
/// in the orders' reach, for what the one order loses or gains may make room for others.
pub(crate) async fn shopper(
    tx: &mut Tx<'_>,
    id: &str,
    from: UnixMs,
    to: UnixMs,
    now: UnixMs,
) -> Result<(), StoreError> {
    let tolerance = tolerance(&tx.versions.rules);
    let (near_from, near_to) = (from.plus(-tolerance.early_ms), to.plus(tolerance.late_ms));
    if span(tx, id, near_from, near_to, now).await? {
        span(tx, id, from.plus(-OPEN_ORDER_MS), to.plus(OPEN_ORDER_MS), now).await?;
    }
    Ok(())
}

/// Judges afresh a shopper's swipes that share orders with one of `at`, whose share in them has changed.
pub(crate) async fn around(tx: &mut Tx<'_>, id: &str, at: UnixMs, now: UnixMs) -> Result<(), StoreError> {
    span(tx, id, at.plus(-OPEN_ORDER_MS), at.plus(OPEN_ORDER_MS), now).await?;
    Ok(())
}

/// Judges afresh a shopper's swipes of a span; answers whether one of them changed its order.
async fn span(tx: &mut Tx<'_>, id: &str, from: UnixMs, to: UnixMs, now: UnixMs) -> Result<bool, StoreError> {
    let past = past_swipes(tx.connection, "c.shopper_id", id, from, to).await?;
    let past: Vec<Past> =
        past.into_iter().filter(|p| (from..=to).contains(&p.swipe.effective_at())).collect();
    if past.is_empty() {
        return Ok(false);
    }
    let tolerance = tolerance(&tx.versions.rules);
    let (first, last) = (from.plus(-tolerance.late_ms), to.plus(tolerance.early_ms));
    let assigned = orders::touching(tx.connection, &[id.to_owned()], first, last).await?;
    judge_both(tx, &past, &assigned, now).await
}

/// Judges afresh the swipes of a card that is given to no shopper, since `from`.
pub(crate) async fn card(tx: &mut Tx<'_>, id: &str, from: UnixMs, now: UnixMs) -> Result<(), StoreError> {
    let past = past_swipes(tx.connection, "c.card_id", id, from, now).await?;
    judge_both(tx, &past, &[], now).await?;
    Ok(())
}

async fn past_swipes(
    connection: &mut AnyConnection,
    whose: &str,
    id: &str,
    from: UnixMs,
    to: UnixMs,
) -> Result<Vec<Past>, StoreError> {
    let args = args![id, from.plus(-RECEIPT_SLACK_MS).0, to.plus(RECEIPT_SLACK_MS).0, SWIPES_MAX];
    fetch(connection, &PAST_SQL.replace("{whose}", whose), args).await?.iter().map(past).collect()
}

/// Real and simulated swipes know nothing of each other.
async fn judge_both(
    tx: &mut Tx<'_>,
    past: &[Past],
    assigned: &[AssignedOrder],
    now: UnixMs,
) -> Result<bool, StoreError> {
    let mut moved = false;
    for simulated in [false, true] {
        let some: Vec<&Past> = past.iter().filter(|p| p.swipe.simulated == simulated).collect();
        if !some.is_empty() {
            moved |= judge_afresh(tx, &some, assigned, simulated, now).await?;
        }
    }
    Ok(moved)
}

async fn judge_afresh(
    tx: &mut Tx<'_>,
    past: &[&Past],
    assigned: &[AssignedOrder],
    simulated: bool,
    now: UnixMs,
) -> Result<bool, StoreError> {
    let mut moved = false;
    let currency = home_currency(&tx.versions.rules);
    for p in past {
        let scope = Scope { simulated, currency: &currency, before_seq: p.decided_seq, any_hot: false };
        let (before, hot) = look_back(tx, p, assigned, scope).await?;
        let deactivated = p.recorded.facts["card"]["deactivated"].as_bool().unwrap_or(false);
        let counts = if p.outcome == Outcome::Approve { p.net_cents } else { p.swipe.amount_cents };
        let judged = judge(tx, &p.swipe, &p.card, deactivated, counts, &before);
        moved |= judged.order_id != p.order_id;
        keep(tx, p, &judged).await?;
        let changes = changes(tx, p, &judged, &before.orders, hot);
        if !changes.is_empty() {
            let decided = Decided {
                swipe: &p.swipe,
                authorization_id: &p.authorization_id,
                card: &p.card,
                judged,
                outcome: p.outcome,
                stand_in: p.stand_in,
                reference_reused: false,
                hot_card: None,
                hot_order: None,
            };
            alerts::revise(tx, &p.authorization_id, &changes, Some(&decided), now).await?;
            if !simulated {
                let late = decided.judged.decision.fired.iter();
                let rows = late.map(|f| firings::row(&p.authorization_id, f, p.swipe.received_at)).collect();
                firings::note(tx.connection, rows).await?;
            }
        }
    }
    Ok(moved)
}

/// What went before a past swipe, of those decided before it; and whether its card is too busy to say.
async fn look_back(
    tx: &mut Tx<'_>,
    p: &Past,
    assigned: &[AssignedOrder],
    scope: Scope<'_>,
) -> Result<(Before, bool), StoreError> {
    let at = p.swipe.effective_at();
    let tolerance = tolerance(&tx.versions.rules);
    let mut orders: Vec<OpenOrder> = assigned
        .iter()
        .map(|assigned| &assigned.order)
        .filter(|order| order.is_open_at(at, tolerance))
        .cloned()
        .collect();
    let asked: Vec<Asked> = orders.iter().map(|order| Asked { id: order.order_id.clone(), at }).collect();
    let uses = history::of_orders(tx.connection, &asked, scope).await?;
    for order in &mut orders {
        let used = uses.get(&order.order_id).copied().unwrap_or_default();
        (order.spent_cents, order.used) = (used.spent_cents, used.used);
    }
    let asked = [Asked { id: p.card.card_id.clone(), at }];
    let card = history::of_cards(tx.connection, &asked, scope).await?.remove(&p.card.card_id);
    let card = card.unwrap_or_default();
    let mut roster = Around::default();
    if let Some(shopper) = &p.card.shopper_id {
        let asked = [Asked { id: shopper.clone(), at }];
        roster = roster::around(tx.connection, &asked).await?.remove(shopper).unwrap_or_default();
    }
    Ok((Before { orders, orders_near: 0, card: card.history, roster }, card.hot))
}

/// Keeps the link and what the windows of later swipes sum up.
async fn keep(tx: &mut Tx<'_>, p: &Past, judged: &Judged) -> Result<(), StoreError> {
    let backed = judged.facts.flag(BACKED);
    if judged.order_id == p.order_id && backed == p.backed && judged.place_id == p.place_id {
        return Ok(());
    }
    let sql =
        "update card_authorization set order_id = $1, backed = $2, place_id = $3 where authorization_id = $4";
    let values =
        args![judged.order_id.as_deref(), backed, judged.place_id.as_deref(), p.authorization_id.as_str()];
    execute(tx.connection, sql, values).await?;
    let orders: Vec<String> = p.order_id.iter().chain(&judged.order_id).cloned().collect();
    history::forget(tx.connection, "order", &orders).await?;
    history::forget(tx.connection, "card", std::slice::from_ref(&p.card.card_id)).await?;
    if judged.order_id != p.order_id {
        tx.tags.push(Tag::new("authorization", p.authorization_id.clone()));
    }
    Ok(())
}

/// Rules whose windows are not summed up afresh for a hot card: its alerts stay as they are.
const WINDOW_RULES: [&str; 2] = [shipped::VELOCITY, shipped::IMPOSSIBLE_TRAVEL];

/// Rules that fire now, and those that fired then and no longer do.
fn changes(tx: &Tx<'_>, p: &Past, judged: &Judged, orders: &[OpenOrder], hot: bool) -> Vec<ReasonChange> {
    let (decision, facts) = (&judged.decision, &judged.facts);
    let order_id = judged.order_id.as_deref();
    let moment = |rule: &str| MOMENT_RULES.contains(&rule) || (hot && WINDOW_RULES.contains(&rule));
    let now_firing: Vec<&FiredRule> = decision.live().filter(|f| !moment(&f.rule)).collect();
    let fails = |rule: &str| decision.failures.iter().any(|f| f.rule == rule);
    let evaluated = |rule: &str| {
        tx.versions.rules.get(rule).is_some_and(|r| r.mode == RuleMode::Live && r.scope == RuleScope::Swipe)
            && !fails(rule)
    };
    let order = orders.iter().find(|order| Some(order.order_id.as_str()) == order_id);
    let quiet = tx
        .versions
        .rules
        .iter()
        .map(|rule| rule.id.as_str())
        .filter(|rule| !moment(rule) && evaluated(rule) && now_firing.iter().all(|f| f.rule != *rule))
        .map(|rule| ReasonChange::Explained { rule: rule.to_owned(), why: why(tx, rule, p, facts, order) });
    // Declined swipes are judged for the record too, but they spend nothing: over-value cannot come late.
    let declined_over = |f: &FiredRule| p.outcome == Outcome::Decline && f.rule == shipped::OVER_ORDER_VALUE;
    let fires = now_firing.iter().filter(|f| !declined_over(f)).map(|f| ReasonChange::Fires((*f).clone()));
    quiet.chain(fires).collect()
}

/// Why a rule no longer fires, in words.
fn why(tx: &Tx<'_>, rule: &str, p: &Past, facts: &FactSet, order: Option<&OpenOrder>) -> String {
    let store = order
        .and_then(|order| tx.versions.stores.get(&order.store_id))
        .map_or("its store", PreparedStore::name);
    let which = order.map_or_else(|| "an order".to_owned(), |order| format!("order {}", order.order_id));
    match rule {
        shipped::NO_OPEN_ORDER => {
            let start = order.map_or(p.swipe.effective_at(), OpenOrder::started_at);
            format!("Covered by {which}, started {}, which became known later.", start.clock_sast())
        }
        shipped::WRONG_MERCHANT => format!("The merchant matches {store} of {which}, as is known now."),
        shipped::UNKNOWN_MERCHANT => "The merchant matches a partner store, as is known now.".into(),
        shipped::UNKNOWN_CARD => "The order system has told us of the card since.".into(),
        shipped::RISKY_CATEGORY => format!("{which} holds such goods, as is known now."),
        shipped::OVER_ORDER_VALUE => format!(
            "Swipes for {which} come to {} and its value is {}, as is known now.",
            rand(facts.whole("order.total_cents")),
            rand(facts.whole("order.value_cents"))
        ),
        shipped::AFTER_COMPLETION => format!("{which} ended later, or another order fits, as is known now."),
        shipped::OFF_SHIFT => "The roster covers the swipe, as is known now.".into(),
        shipped::SPLIT_PURCHASE => format!("Fewer swipes belong to {which}, as is known now."),
        shipped::VELOCITY => "Orders account for the swipes, as is known now.".into(),
        shipped::IMPOSSIBLE_TRAVEL => "The way is possible, as is known now.".into(),
        _ => "The rule no longer fires with what is known now.".into(),
    }
}

fn past(row: &AnyRow) -> Result<Past, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(what.to_owned());
    Ok(Past {
        authorization_id: row.try_get("authorization_id")?,
        swipe: Swipe {
            presented_card_id: CardId::parse(row.try_get::<String, _>("presented_card_id")?)
                .map_err(|_| corrupt("card id"))?,
            amount_cents: row.try_get("amount_cents")?,
            currency: row.try_get("currency")?,
            merchant: swipe::merchant(row)?,
            reference: row.try_get("reference")?,
            occurred_at: UnixMs(row.try_get("occurred_at_ms")?),
            received_at: UnixMs(row.try_get("received_at_ms")?),
            simulated: row.try_get::<i64, _>("simulated")? == 1,
            had_full_card_number: false,
            repeat_key: row.try_get("repeat_key")?,
            reference_key: row.try_get("reference_key")?,
        },
        card: CardRow {
            card_id: row.try_get("card_id")?,
            known: row.try_get::<i64, _>("known")? == 1,
            masked_number: row.try_get("masked_number")?,
            shopper_id: row.try_get("shopper_id")?,
            deactivated: row.try_get::<&str, _>("status")? == "deactivated",
        },
        recorded: serde_json::from_str(row.try_get("decision")?)?,
        outcome: outcome(row.try_get("outcome")?)?,
        stand_in: row.try_get::<i64, _>("stand_in")? == 1,
        order_id: row.try_get("order_id")?,
        net_cents: row.try_get("net_cents")?,
        decided_seq: row.try_get("decided_seq")?,
        backed: row.try_get::<i64, _>("backed")? == 1,
        place_id: row.try_get("place_id")?,
    })
}
