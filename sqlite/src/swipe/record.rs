//! Writing decided swipes with everything they cause, in the same transaction.

use super::*;
use crate::cards::{self, CardRow};
use crate::sql::{args, insert};
use crate::writer::{Stats, Tag, Tx};
use crate::{StoreError, alerts, bank_events};
use fraud::alert::GapKind;
use fraud::authorization::Swipe;
use fraud::decision::{Decision, Outcome};
use fraud::facts::FactSet;

/// A decided swipe with what its row and its alerts need.
pub(crate) struct Decided<'a> {
    pub swipe: &'a Swipe,
    pub authorization_id: &'a str,
    pub card: &'a CardRow,
    pub order_id: Option<String>,
    pub decision: Decision,
    pub facts: FactSet,
    pub outcome: Outcome,
    pub stand_in: bool,
    pub reference_reused: bool,
}

const COLUMNS: [&str; 25] = [
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
            reasons: d.decision.fired.clone(),
            failures: d.decision.failures.clone(),
            facts: d.facts.to_json(),
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
            d.order_id.as_deref(),
            if approved { s.amount_cents.max(0) } else { 0 },
            state.as_str(),
            awaiting,
        ]);
    }
    insert(tx.connection, "card_authorization", &COLUMNS, rows, "").await?;
    for d in decided {
        tx.tags.push(Tag::new("authorization", d.authorization_id));
    }
    alerts::raise(tx, decided).await?;
    for d in decided {
        if let Some(rule) = d.decision.deactivates().filter(|_| !d.swipe.simulated) {
            cards::deactivate_by_rule(tx, d.card, &rule.rule, &rule.message, d.swipe.received_at).await?;
        }
        if d.reference_reused {
            alerts::raise_gap(tx, &gap_of(d), GapKind::ReferenceReused, d.swipe.received_at).await?;
        }
    }
    bank_events::adopt_early(tx, decided).await
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
