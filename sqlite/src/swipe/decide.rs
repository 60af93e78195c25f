//! Deciding swipes inside the writer's transaction: facts, decision, insert.
//!
//! A batch is worked in rounds, each holding at most one swipe of a shopper (or of a card without one), so
//! that two swipes at once cannot both use up one order; within a round every statement serves all swipes.

use super::*;
use crate::cards::{self, CardRow};
use crate::orders::{self, AssignedOrder};
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
    let orders = open_orders(tx, &fresh, &cards).await?;
    Stats::add(&stats.facts_us, facts_from);
    let deciding = Instant::now();
    let mut decided = Vec::with_capacity(fresh.len());
    for (job, reference_reused) in fresh.iter().zip(reused) {
        decided.push(decide_one(tx, job, &cards, &orders, reference_reused).await?);
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
        reasons: decided.decision.live().map(|f| (f.rule.clone(), f.message.clone())).collect(),
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

/// Orders open at the time of each swipe, by shopper, with what is spent on them.
type OrdersByShopper = HashMap<(String, bool), Vec<OpenOrder>>;

async fn open_orders(
    tx: &mut Tx<'_>,
    jobs: &[&mut SwipeJob],
    cards: &HashMap<String, CardRow>,
) -> Result<OrdersByShopper, StoreError> {
    let tolerance = tolerance(&tx.versions.rules);
    let currency = home_currency(&tx.versions.rules);
    let shopper_of =
        |job: &SwipeJob| cards.get(job.swipe.presented_card_id.as_str()).and_then(|c| c.shopper_id.clone());
    let shoppers: Vec<String> = jobs.iter().filter_map(|job| shopper_of(job)).collect();
    if shoppers.is_empty() {
        return Ok(HashMap::new());
    }
    let times = jobs.iter().map(|job| job.swipe.effective_at());
    let (from, to) = times.fold((UnixMs(i64::MAX), UnixMs(i64::MIN)), |(a, b), t| (a.min(t), b.max(t)));
    let found = orders::touching(
        tx.connection,
        &shoppers,
        from.plus(-tolerance.late_ms),
        to.plus(tolerance.early_ms),
    )
    .await?;
    let mut by_shopper: OrdersByShopper = HashMap::new();
    for simulated in [false, true] {
        let wanted: Vec<(&AssignedOrder, &str)> = jobs
            .iter()
            .filter(|job| job.swipe.simulated == simulated)
            .filter_map(|job| shopper_of(job).map(|shopper| (job, shopper)))
            .flat_map(|(job, shopper)| {
                let at = job.swipe.effective_at();
                found.iter().filter(move |o| o.shopper_id == shopper && o.order.is_open_at(at, tolerance))
            })
            .map(|assigned| (assigned, assigned.order.order_id.as_str()))
            .collect();
        let ids: Vec<String> = wanted.iter().map(|(_, id)| (*id).to_owned()).collect();
        let spent: HashMap<String, i64> =
            orders::spent(tx.connection, &ids, simulated, &currency).await?.into_iter().collect();
        for (assigned, id) in wanted {
            let spent_cents = spent.get(id).copied().unwrap_or(0);
            by_shopper
                .entry((assigned.shopper_id.clone(), simulated))
                .or_default()
                .push(OpenOrder { spent_cents, ..assigned.order.clone() });
        }
    }
    Ok(by_shopper)
}

async fn decide_one<'a>(
    tx: &mut Tx<'_>,
    job: &'a SwipeJob,
    cards: &'a HashMap<String, CardRow>,
    orders: &OrdersByShopper,
    reference_reused: bool,
) -> Result<Decided<'a>, StoreError> {
    let swipe = &job.swipe;
    let Some(card) = cards.get(swipe.presented_card_id.as_str()) else {
        return Err(StoreError::Corrupt("a card that was just met is gone".into()));
    };
    let open = card.shopper_id.as_ref().and_then(|shopper| orders.get(&(shopper.clone(), swipe.simulated)));
    let open = open.map_or(&[][..], Vec::as_slice);
    let near = match &card.shopper_id {
        Some(shopper) if open.is_empty() => {
            orders::count_near(tx.connection, shopper, swipe.effective_at()).await?
        }
        _ => 0,
    };
    let judged = judge(tx, swipe, card.facts(), swipe.amount_cents, open, near);
    let stood_in = job.ticket.stood_in();
    Ok(Decided {
        swipe,
        authorization_id: &job.authorization_id,
        card,
        order_id: judged.order_id,
        outcome: stood_in.unwrap_or(judged.decision.outcome),
        stand_in: stood_in.is_some(),
        decision: judged.decision,
        facts: judged.facts,
        reference_reused,
    })
}
