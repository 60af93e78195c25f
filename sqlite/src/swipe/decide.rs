//! Deciding swipes inside the writer's transaction: facts, decision, insert.
//!
//! A batch is worked in rounds, each holding at most one swipe of a shopper (or of a card without one), so
//! that two swipes at once cannot both use up one order; within a round every statement serves all swipes.

use super::*;
use crate::cards::{self, CardRow};
use crate::history::{self, Asked, OrderBefore, Scope};
use crate::orders;
use crate::roster::{self, Around};
use crate::sql::{args, execute, fetch_in, insert};
use crate::writer::{Stats, Tag, Tx};
use crate::{StoreError, bank_events};
use fraud::authorization::REFERENCE_WINDOW_MS;
use fraud::bank_event::BankState;
use fraud::decision::Outcome;
use fraud::link::OpenOrder;
use fraud::shipped::CARD_DEACTIVATED;
use fraud::time::UnixMs;
use sqlx::Row;
use std::collections::HashMap;
use std::time::Instant;

/// Decides and records every job of a batch.
pub(crate) async fn decide_all(
    tx: &mut Tx<'_>,
    jobs: &mut [SwipeJob],
    stats: &Stats,
) -> Result<(), StoreError> {
    for job in jobs.iter_mut().filter(|job| job.correction.is_some()) {
        correct(tx, job).await?;
    }
    let facts_from = Instant::now();
    let presented: Vec<String> = jobs
        .iter()
        .filter(|j| j.correction.is_none())
        .map(|j| j.swipe.presented_card_id.as_str().to_owned())
        .collect();
    if presented.is_empty() {
        return Ok(());
    }
    let known = cards::resolve(tx.connection, &presented).await?;
    Stats::add(&stats.facts_us, facts_from);
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    for (index, job) in jobs.iter().enumerate().filter(|(_, job)| job.correction.is_none()) {
        let id = job.swipe.presented_card_id.as_str();
        let key =
            known.get(id).map_or(id, |card| card.shopper_id.as_deref().unwrap_or(&card.card_id)).to_owned();
        // A reference used twice at once must be seen by the second, so it waits for the first as well.
        let reference = job.swipe.reference_key.as_ref().map(|reference| format!("reference {reference}"));
        let held = |key: &String| next.get(key).copied().unwrap_or(0);
        let round = held(&key).max(reference.as_ref().map_or(0, held));
        next.insert(key, round + 1);
        next.extend(reference.map(|reference| (reference, round + 1)));
        if rounds.len() <= round {
            rounds.resize_with(round + 1, Vec::new);
        }
        rounds[round].push(index);
    }
    for (number, round) in rounds.into_iter().enumerate() {
        // A card deactivated by a rule in an earlier round is read afresh.
        let cards =
            if number == 0 { known.clone() } else { cards::resolve(tx.connection, &presented).await? };
        let mut jobs: Vec<&mut SwipeJob> = jobs
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| round.contains(index))
            .map(|(_, job)| job)
            .collect();
        decide_round(tx, &mut jobs, cards, stats).await?;
    }
    Ok(())
}

/// Records what was really answered for a swipe whose own decision came too late.
async fn correct(tx: &mut Tx<'_>, job: &mut SwipeJob) -> Result<(), StoreError> {
    let Some(outcome) = job.correction else { return Ok(()) };
    let approved = outcome == Outcome::Approve;
    let sql = "update card_authorization set stand_in = 1, outcome = $1, net_cents = $2, bank_state = $3, awaiting_since_ms = $4 \
               where authorization_id = $5";
    let (state, awaiting) = awaiting(approved, job.swipe.received_at);
    let net = if approved { job.swipe.amount_cents.max(0) } else { 0 };
    execute(
        tx.connection,
        sql,
        args![outcome.as_str(), net, state.as_str(), awaiting, job.authorization_id.as_str()],
    )
    .await?;
    bank_events::forget_tallies(tx.connection, &job.authorization_id).await?;
    bank_events::resettle(tx, &job.authorization_id, job.swipe.received_at).await?;
    tx.tags.push(Tag::new("authorization", job.authorization_id.clone()));
    Ok(())
}

pub(super) fn awaiting(approved: bool, received_at: UnixMs) -> (BankState, Option<i64>) {
    if approved { (BankState::AwaitingAfter, Some(received_at.0)) } else { (BankState::NoneExpected, None) }
}

/// An earlier authorization that shares a swipe's repeat key or reference.
struct Earlier {
    authorization_id: String,
    card_id: String,
    repeat_key: String,
    reference_key: Option<String>,
    received_at: UnixMs,
    outcome: Outcome,
    decision: String,
}

/// Earlier authorizations under the references of a batch.
pub(crate) const BY_REFERENCE_SQL: &str = "select authorization_id, card_id, repeat_key, reference_key, received_at_ms, outcome, decision \
     from card_authorization where received_at_ms >= $1 and reference_key in ({in}) limit 1000";
/// The same for swipes without a reference.
pub(crate) const BY_CONTENT_SQL: &str = "select authorization_id, card_id, repeat_key, reference_key, received_at_ms, outcome, decision \
     from card_authorization where received_at_ms >= $1 and reference_key is null and repeat_key in ({in}) limit 1000";

async fn earlier(tx: &mut Tx<'_>, jobs: &[&mut SwipeJob]) -> Result<Vec<Earlier>, StoreError> {
    let oldest = jobs.iter().map(|j| j.swipe.received_at.0).min().unwrap_or(0) - REFERENCE_WINDOW_MS;
    let references: Vec<String> = jobs.iter().filter_map(|j| j.swipe.reference_key.clone()).collect();
    let repeats: Vec<String> =
        jobs.iter().filter(|j| j.swipe.reference_key.is_none()).map(|j| j.swipe.repeat_key.clone()).collect();
    let mut rows = Vec::new();
    for (sql, keys) in [(BY_REFERENCE_SQL, references), (BY_CONTENT_SQL, repeats)] {
        if !keys.is_empty() {
            rows.extend(fetch_in(tx.connection, sql, args![oldest], &keys).await?);
        }
    }
    rows.iter()
        .map(|row| {
            Ok(Earlier {
                authorization_id: row.try_get("authorization_id")?,
                card_id: row.try_get("card_id")?,
                repeat_key: row.try_get("repeat_key")?,
                reference_key: row.try_get("reference_key")?,
                received_at: UnixMs(row.try_get("received_at_ms")?),
                outcome: outcome(row.try_get("outcome")?)?,
                decision: row.try_get("decision")?,
            })
        })
        .collect()
}
async fn decide_round(
    tx: &mut Tx<'_>,
    jobs: &mut [&mut SwipeJob],
    mut cards: HashMap<String, CardRow>,
    stats: &Stats,
) -> Result<(), StoreError> {
    let facts_from = Instant::now();
    cards::meet_unknown(tx, jobs.iter().map(|job| &job.swipe), &mut cards).await?;
    let earlier = earlier(tx, jobs).await?;
    let window_secs = tx.versions.settings.duplicate_window_secs;
    let mut fresh: Vec<&mut SwipeJob> = Vec::new();
    let mut reused = Vec::new();
    for job in jobs.iter_mut() {
        let Some(card) = cards.get(job.swipe.presented_card_id.as_str()) else {
            return Err(StoreError::Corrupt("a card that was just met is gone".into()));
        };
        let first = earlier
            .iter()
            .filter(|e| e.repeat_key == job.swipe.repeat_key && e.card_id == card.card_id)
            .filter(|e| job.swipe.received_at.since(e.received_at) <= job.swipe.repeat_window_ms(window_secs))
            .min_by_key(|e| (e.received_at, e.authorization_id.clone()));
        if let Some(first) = first {
            repeat(tx, job, card, first).await?;
        } else {
            let same_reference = earlier.iter().any(|e| {
                e.reference_key.is_some()
                    && e.reference_key == job.swipe.reference_key
                    && job.swipe.received_at.since(e.received_at) <= REFERENCE_WINDOW_MS
            });
            reused.push(same_reference);
            fresh.push(job);
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let mut looks = look_back(tx, &fresh, &cards).await?;
    Stats::add(&stats.facts_us, facts_from);
    let deciding = Instant::now();
    let mut decided = Vec::with_capacity(fresh.len());
    for (job, reference_reused) in fresh.iter().zip(reused) {
        let look = looks.remove(job.swipe.presented_card_id.as_str());
        decided.push(decide_one(tx, job, &cards, look, reference_reused).await?);
    }
    Stats::add(&stats.decide_us, deciding);
    let inserting = Instant::now();
    record::record(tx, &decided, stats).await?;
    Stats::add(&stats.insert_us, inserting);
    let answers: Vec<Answer> = decided.iter().map(answer_of).collect();
    for (job, answer) in fresh.into_iter().zip(answers) {
        job.answer = Some(answer);
    }
    Ok(())
}

fn answer_of(decided: &Decided<'_>) -> Answer {
    Answer {
        authorization_id: decided.authorization_id.to_owned(),
        outcome: decided.outcome,
        reasons: decided.judged.decision.live().map(|f| (f.rule.clone(), f.message.clone())).collect(),
        duplicate: false,
        stand_in: decided.stand_in,
    }
}

/// A repeat gets the first decision, unless the card is deactivated by now.
async fn repeat(
    tx: &mut Tx<'_>,
    job: &mut SwipeJob,
    card: &CardRow,
    first: &Earlier,
) -> Result<(), StoreError> {
    let recorded: Recorded = serde_json::from_str(&first.decision)?;
    let live = recorded.reasons.into_iter().filter(|f| f.mode == fraud::rule::RuleMode::Live);
    let (outcome, reasons) = if card.deactivated {
        (Outcome::Decline, vec![(CARD_DEACTIVATED.to_owned(), "The card is deactivated.".to_owned())])
    } else {
        (first.outcome, live.map(|f| (f.rule, f.message)).collect())
    };
    let outcome_given = job.ticket.stood_in().unwrap_or(outcome);
    let row = args![
        job.authorization_id.as_str(),
        first.authorization_id.as_str(),
        job.swipe.received_at.0,
        outcome_given.as_str()
    ];
    let columns = ["repeat_id", "authorization_id", "received_at_ms", "outcome"];
    // A stand-in tried again after a failed commit was perhaps recorded: once is enough.
    insert(tx.connection, "authorization_repeat", &columns, vec![row], "on conflict (repeat_id) do nothing")
        .await?;
    tx.tags.push(Tag::new("authorization", first.authorization_id.clone()));
    job.answer = Some(Answer {
        authorization_id: first.authorization_id.clone(),
        outcome,
        reasons,
        duplicate: true,
        stand_in: false,
    });
    Ok(())
}

/// What went before each swipe, by the card it presents.
async fn look_back(
    tx: &mut Tx<'_>,
    jobs: &[&mut SwipeJob],
    cards: &HashMap<String, CardRow>,
) -> Result<HashMap<String, LookBack>, StoreError> {
    let currency = home_currency(&tx.versions.rules);
    let mut found: HashMap<String, LookBack> = HashMap::new();
    let mut orders = open_orders(tx, jobs, cards).await?;
    let rosters = rosters(tx, jobs, cards).await?;
    for simulated in [false, true] {
        let some: Vec<(&Swipe, &CardRow)> = jobs
            .iter()
            .map(|job| &job.swipe)
            .filter(|swipe| swipe.simulated == simulated)
            .filter_map(|swipe| Some((swipe, cards.get(swipe.presented_card_id.as_str())?)))
            .collect();
        if some.is_empty() {
            continue;
        }
        let scope = Scope::now(simulated, &currency, tx.versions.any_hot);
        let asked: Vec<Asked> = some
            .iter()
            .map(|(swipe, card)| Asked { id: card.card_id.clone(), at: swipe.effective_at() })
            .collect();
        let mut histories = history::of_cards(tx.connection, &asked, scope).await?;
        let asked: Vec<Asked> = some
            .iter()
            .flat_map(|(swipe, card)| {
                let open = card.shopper_id.as_ref().and_then(|shopper| orders.get(shopper));
                let at = swipe.effective_at();
                open.into_iter().flatten().map(move |order| Asked { id: order.order_id.clone(), at })
            })
            .collect();
        let uses = history::of_orders(tx.connection, &asked, scope).await?;
        for (swipe, card) in some {
            let mut open = card.shopper_id.as_ref().and_then(|id| orders.remove(id)).unwrap_or_default();
            let mut hot_orders = HashMap::new();
            for order in &mut open {
                let used = uses.get(&order.order_id).copied().unwrap_or_default();
                (order.spent_cents, order.used) = (used.spent_cents, used.used);
                if used.hot {
                    hot_orders.insert(order.order_id.clone(), used);
                }
            }
            let history = histories.remove(&card.card_id).unwrap_or_default();
            let roster = card.shopper_id.as_ref().and_then(|id| rosters.get(id)).cloned().unwrap_or_default();
            let before = Before { orders: open, orders_near: 0, card: history.history, roster };
            let look = LookBack { before, hot_card: history.hot, hot_orders };
            found.insert(swipe.presented_card_id.as_str().to_owned(), look);
        }
    }
    Ok(found)
}

/// What went before a swipe, and which of it stands in `hot_tally`.
struct LookBack {
    before: Before,
    hot_card: bool,
    hot_orders: HashMap<String, OrderBefore>,
}

/// Orders open at the time of each swipe, by shopper.
async fn open_orders(
    tx: &mut Tx<'_>,
    jobs: &[&mut SwipeJob],
    cards: &HashMap<String, CardRow>,
) -> Result<HashMap<String, Vec<OpenOrder>>, StoreError> {
    let tolerance = tolerance(&tx.versions.rules);
    let shopper_of =
        |job: &SwipeJob| cards.get(job.swipe.presented_card_id.as_str()).and_then(|c| c.shopper_id.clone());
    let swipes: Vec<(String, UnixMs)> = jobs
        .iter()
        .filter_map(|job| shopper_of(job).map(|shopper| (shopper, job.swipe.effective_at())))
        .collect();
    let (Some(from), Some(to)) =
        (swipes.iter().map(|(_, at)| *at).min(), swipes.iter().map(|(_, at)| *at).max())
    else {
        return Ok(HashMap::new());
    };
    let shoppers: Vec<String> = swipes.iter().map(|(shopper, _)| shopper.clone()).collect();
    let (first, last) = (from.plus(-tolerance.late_ms), to.plus(tolerance.early_ms));
    let found = orders::touching(tx.connection, &shoppers, first, last).await?;
    let mut by_shopper: HashMap<String, Vec<OpenOrder>> = HashMap::new();
    for (shopper, at) in swipes {
        let open = found.iter().filter(|o| o.shopper_id == shopper && o.order.is_open_at(at, tolerance));
        by_shopper.insert(shopper.clone(), open.map(|assigned| assigned.order.clone()).collect());
    }
    Ok(by_shopper)
}

async fn rosters(
    tx: &mut Tx<'_>,
    jobs: &[&mut SwipeJob],
    cards: &HashMap<String, CardRow>,
) -> Result<HashMap<String, Around>, StoreError> {
    let asked: Vec<Asked> = jobs
        .iter()
        .filter_map(|job| {
            let shopper = cards.get(job.swipe.presented_card_id.as_str())?.shopper_id.clone()?;
            Some(Asked { id: shopper, at: job.swipe.effective_at() })
        })
        .collect();
    roster::around(tx.connection, &asked).await
}

async fn decide_one<'a>(
    tx: &mut Tx<'_>,
    job: &'a SwipeJob,
    cards: &'a HashMap<String, CardRow>,
    look: Option<LookBack>,
    reference_reused: bool,
) -> Result<Decided<'a>, StoreError> {
    let swipe = &job.swipe;
    let Some((card, mut look)) = cards.get(swipe.presented_card_id.as_str()).zip(look) else {
        return Err(StoreError::Corrupt("a card that was just met is gone".into()));
    };
    if let (Some(shopper), true) = (&card.shopper_id, look.before.orders.is_empty()) {
        look.before.orders_near = orders::count_near(tx.connection, shopper, swipe.effective_at()).await?;
    }
    let judged = judge(tx, swipe, card, card.deactivated, swipe.amount_cents, &look.before);
    let stood_in = job.ticket.stood_in();
    let hot_order = judged.order_id.as_ref().and_then(|id| look.hot_orders.get(id).copied());
    Ok(Decided {
        swipe,
        authorization_id: &job.authorization_id,
        card,
        outcome: stood_in.unwrap_or(judged.decision.outcome),
        stand_in: stood_in.is_some(),
        judged,
        reference_reused,
        hot_card: look.hot_card.then_some(look.before.card),
        hot_order,
    })
}
