//! Writing decided swipes with everything they cause, in the same transaction.

use super::*;
use crate::cards::{self, CardRow};
use crate::firings;
use crate::history::{self, Added, OrderBefore};
use crate::sql::{args, insert};
use crate::writer::{Stats, Tag, Tx};
use crate::{StoreError, alerts, bank_events};
use fraud::alert::GapKind;
use fraud::authorization::Swipe;
use fraud::decision::Outcome;
use fraud::history::{CardHistory, LIQUOR_TILL};

/// A decided swipe with what its row and its alerts need.
pub(crate) struct Decided<'a> {
    pub swipe: &'a Swipe,
    pub authorization_id: &'a str,
    pub card: &'a CardRow,
    pub judged: Judged,
    pub outcome: Outcome,
    pub stand_in: bool,
    pub reference_reused: bool,
    /// Windows to bring up to date, of a card or order too busy to be summed up each time.
    pub hot_card: Option<CardHistory>,
    pub hot_order: Option<OrderBefore>,
}

/// The fact that is kept in a column, too: windows sum it up.
pub(crate) const BACKED: &str = "velocity.backed";

const COLUMNS: [&str; 28] = [
    "authorization_id",
    "presented_card_id",
    "card_id",
    "shopper_id",
    "amount_cents",
    "currency",
    "merchant_name",
    "merchant_city",
    "merchant_country",
    "merchant_category_code",
    "reference",
    "occurred_at_ms",
    "received_at_ms",
    "decided_seq",
    "simulated",
    "repeat_key",
    "reference_key",
    "outcome",
    "stand_in",
    "rule_set_version",
    "decision",
    "order_id",
    "net_cents",
    "bank_state",
    "awaiting_since_ms",
    "at_ms",
    "backed",
    "place_id",
];

pub(super) async fn record(
    tx: &mut Tx<'_>,
    decided: &[Decided<'_>],
    stats: &Stats,
) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(decided.len());
    for d in decided {
        let approved = d.outcome == Outcome::Approve;
        let (state, awaiting) = super::decide::awaiting(approved, d.swipe.received_at);
        let recorded = Recorded {
            reasons: d.judged.decision.fired.clone(),
            failures: d.judged.decision.failures.clone(),
            facts: d.judged.facts.to_json(),
        };
        let s = d.swipe;
        rows.push(args![
            d.authorization_id,
            s.presented_card_id.as_str(),
            d.card.card_id.as_str(),
            d.card.shopper_id.as_deref(),
            s.amount_cents,
            s.currency.as_str(),
            s.merchant.name.as_str(),
            s.merchant.city.as_str(),
            s.merchant.country.as_str(),
            s.merchant.category_code.as_str(),
            s.reference.as_deref(),
            s.occurred_at.0,
            s.received_at.0,
            stats.next_decided(s.received_at),
            s.simulated,
            s.repeat_key.as_str(),
            s.reference_key.as_deref(),
            d.outcome.as_str(),
            d.stand_in,
            tx.versions.rules.version,
            serde_json::to_string(&recorded)?,
            d.judged.order_id.as_deref(),
            if approved { s.amount_cents.max(0) } else { 0 },
            state.as_str(),
            awaiting,
            s.effective_at().0,
            d.judged.facts.flag(BACKED),
            d.judged.place_id.as_deref(),
        ]);
    }
    insert(tx.connection, "card_authorization", &COLUMNS, rows, "").await?;
    for d in decided {
        tx.tags.push(Tag::new("authorization", d.authorization_id));
    }
    alerts::raise(tx, decided).await?;
    note_firings(tx, decided).await?;
    for d in decided {
        advance_hot(tx, d).await?;
        if let Some(rule) = d.judged.decision.deactivates().filter(|_| !d.swipe.simulated) {
            cards::deactivate_by_rule(tx, d.card, &rule.rule, &rule.message, d.swipe.received_at).await?;
        }
        if d.reference_reused {
            alerts::raise_gap(tx, &gap_of(d), GapKind::ReferenceReused, d.swipe.received_at).await?;
        }
    }
    bank_events::adopt_early(tx, decided).await
}

/// Keeps which rules fired, for their statistics.
async fn note_firings(tx: &mut Tx<'_>, decided: &[Decided<'_>]) -> Result<(), StoreError> {
    let real = decided.iter().filter(|d| !d.swipe.simulated);
    let firings = real.flat_map(|d| {
        d.judged.decision.fired.iter().map(|f| firings::row(d.authorization_id, f, d.swipe.received_at))
    });
    firings::note(tx.connection, firings.collect()).await
}

/// Brings the windows of a busy card and order up to this swipe.
async fn advance_hot(tx: &mut Tx<'_>, d: &Decided<'_>) -> Result<(), StoreError> {
    if d.hot_card.is_none() && d.hot_order.is_none() {
        return Ok(());
    }
    let home = d.swipe.currency == home_currency(&tx.versions.rules);
    let counts = home && d.outcome == Outcome::Approve;
    let added = Added {
        at: d.swipe.effective_at(),
        simulated: d.swipe.simulated,
        cents: if counts { d.swipe.amount_cents.max(0) } else { 0 },
        backed: d.judged.facts.flag(BACKED),
        liquor: d.swipe.merchant.category_code == LIQUOR_TILL,
        place: d.judged.place_id.as_deref(),
    };
    if let Some(before) = &d.hot_card {
        history::advance_card(tx.connection, &d.card.card_id, before, &added).await?;
    }
    if let (Some(before), Some(order)) = (d.hot_order, &d.judged.order_id) {
        history::advance_order(tx.connection, order, before, &added).await?;
    }
    Ok(())
}

fn gap_of(d: &Decided<'_>) -> alerts::GapSubject {
    alerts::GapSubject {
        subject_id: d.authorization_id.to_owned(),
        card_id: d.card.card_id.clone(),
        masked_number: d.card.masked_number.clone(),
        merchant: d.swipe.merchant.name.clone(),
        amount_cents: d.swipe.amount_cents,
        currency: d.swipe.currency.clone(),
        since: d.swipe.received_at,
        simulated: d.swipe.simulated,
    }
}
