//! What a rule's draft would have done: past swipes judged again by today's rules and by the draft.
//!
//! A swipe is judged by the facts that were recorded when it was decided, through the same code. Where a set
//! of rules declines what was approved then, or the other way round, that set's later swipes of the card and
//! the order see it: their windows and sums shift by it. Which swipes an order accounts for stays as recorded.

use crate::alert::JOIN_WINDOW_MS;
use crate::decision::{Decision, Outcome, decide};
use crate::explain::Extra;
use crate::facts::FactSet;
use crate::history::{DAY_WINDOW_MS, HOUR_WINDOW_MS, SPLIT_WINDOW_MS};
use crate::rule::{RuleOutcome, RuleSet};
use crate::time::UnixMs;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// A past swipe as replay needs it.
#[derive(Debug, Clone)]
pub struct PastSwipe {
    pub authorization_id: String,
    pub card_id: String,
    pub order_id: Option<String>,
    pub at: UnixMs,
    pub received_at: UnixMs,
    pub amount_cents: i64,
    /// In the currency in which windows are summed.
    pub home: bool,
    /// What was answered then.
    pub outcome: Outcome,
    /// Live rules that fired then, weightiest first.
    pub rules: Vec<String>,
    pub facts: FactSet,
}

/// What one set of rules says of one swipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub outcome: Outcome,
    /// Live rules that fire, weightiest first.
    pub rules: Vec<String>,
    /// Rules that could not be evaluated.
    pub failures: usize,
    /// A new alert, not one that an earlier swipe raised.
    pub raises_alert: bool,
}

/// A swipe that a set of rules answers otherwise than was answered then.
#[derive(Debug, Clone, Copy)]
struct Divergence {
    at: UnixMs,
    /// 1 for a swipe that now counts, -1 for one that no longer does.
    sign: i64,
    cents: i64,
    backed: bool,
}

/// A set of rules on its way through the past.
#[derive(Debug)]
pub struct Side {
    /// By card, of the last 24 h.
    cards: HashMap<String, VecDeque<Divergence>>,
    orders: HashMap<String, Vec<Divergence>>,
    /// Cards that this set would have deactivated, and until when.
    held: HashMap<String, UnixMs>,
    last_alert: HashMap<String, UnixMs>,
    hold_ms: i64,
}

impl Side {
    /// A side that holds cards for `hold_ms` when a rule asks for it.
    pub fn new(hold_ms: i64) -> Self {
        Side {
            cards: HashMap::new(),
            orders: HashMap::new(),
            held: HashMap::new(),
            last_alert: HashMap::new(),
            hold_ms,
        }
    }

    /// Whether this side sees the swipe as it was recorded.
    pub fn agrees_on(&self, past: &PastSwipe) -> bool {
        !self.cards.contains_key(&past.card_id)
            && !self.held.contains_key(&past.card_id)
            && past.order_id.as_ref().is_none_or(|order| !self.orders.contains_key(order))
    }

    /// The facts as this side's own past makes them.
    pub fn facts(&mut self, past: &PastSwipe) -> FactSet {
        let mut facts = past.facts.clone();
        if let Some(held) = self.cards.get_mut(&past.card_id) {
            held.retain(|d| past.at.since(d.at) < DAY_WINDOW_MS);
            for d in held.iter().filter(|d| d.at <= past.at) {
                shift_windows(&mut facts, past.at, d);
            }
            if held.is_empty() {
                self.cards.remove(&past.card_id);
            }
        }
        for d in past.order_id.as_ref().and_then(|order| self.orders.get(order)).into_iter().flatten() {
            for path in ["order.spent_cents", "order.total_cents", "order.over_cents"] {
                facts.shift(path, d.sign * d.cents);
            }
            if past.at.since(d.at) < SPLIT_WINDOW_MS && d.at <= past.at {
                facts.shift("order.swipes_30m", d.sign);
            }
        }
        match self.held.get(&past.card_id) {
            Some(until) if past.received_at < *until => facts.set_flag("card.deactivated", true),
            Some(_) => {
                self.held.remove(&past.card_id);
            }
            None => {}
        }
        facts
    }

    /// Takes note of what this side's rules decided.
    pub fn said(&mut self, past: &PastSwipe, decision: &Decision) -> Said {
        let rules: Vec<String> = decision.live().map(|fired| fired.rule.clone()).collect();
        if decision.outcome != past.outcome && past.home && past.amount_cents > 0 {
            let sign = if decision.outcome == Outcome::Approve { 1 } else { -1 };
            let divergence = Divergence {
                at: past.at,
                sign,
                cents: past.amount_cents,
                backed: past.facts.flag("velocity.backed"),
            };
            self.cards.entry(past.card_id.clone()).or_default().push_back(divergence);
            if let Some(order) = &past.order_id {
                self.orders.entry(order.clone()).or_default().push(divergence);
            }
        }
        if decision.live().any(|fired| fired.outcome == RuleOutcome::DeclineAndDeactivate) {
            self.held.insert(past.card_id.clone(), past.received_at.plus(self.hold_ms));
        }
        let raises_alert = !rules.is_empty() && {
            let last = self.last_alert.get(&past.card_id);
            let joins = last.is_some_and(|last| past.received_at.since(*last) <= JOIN_WINDOW_MS);
            if !joins {
                self.last_alert.insert(past.card_id.clone(), past.received_at);
            }
            !joins
        };
        Said { outcome: decision.outcome, rules, failures: decision.failures.len(), raises_alert }
    }
}

fn shift_windows(facts: &mut FactSet, at: UnixMs, d: &Divergence) {
    for (window_ms, name) in [(HOUR_WINDOW_MS, "1h"), (DAY_WINDOW_MS, "24h")] {
        if at.since(d.at) >= window_ms {
            continue;
        }
        facts.shift(&format!("velocity.swipes_{name}"), d.sign);
        facts.shift(&format!("velocity.cents_{name}"), d.sign * d.cents);
        if d.backed {
            facts.shift(&format!("velocity.backed_swipes_{name}"), d.sign);
            facts.shift(&format!("velocity.backed_cents_{name}"), d.sign * d.cents);
        }
    }
}

/// Today's rules and the same with a draft in place of one, side by side.
#[derive(Debug)]
pub struct Replay {
    today: Arc<RuleSet>,
    draft: Arc<RuleSet>,
    today_side: Side,
    draft_side: Side,
    /// The only rule by which the two sets differ.
    changed: String,
}

impl Replay {
    /// `changed` is the id of the rule by which `draft` differs from `today`.
    pub fn new(today: Arc<RuleSet>, draft: Arc<RuleSet>, changed: String, hold_ms: i64) -> Self {
        let (today_side, draft_side) = (Side::new(hold_ms), Side::new(hold_ms));
        Replay { today, draft, today_side, draft_side, changed }
    }

    /// Judges the next swipe of the past by both sets.
    pub fn step(&mut self, past: &PastSwipe) -> (Said, Said) {
        let extra = Extra { at: Some(past.at), order_id: past.order_id.as_deref(), ..Extra::default() };
        if self.today_side.agrees_on(past) && self.draft_side.agrees_on(past) {
            // Both see the same facts: only the changed rule need be asked twice.
            let today = decide(&self.today, &past.facts, &extra);
            let draft = today.with_rule_of(&self.draft, &self.changed, &past.facts, &extra);
            return (self.today_side.said(past, &today), self.draft_side.said(past, &draft));
        }
        let today = decide(&self.today, &self.today_side.facts(past), &extra);
        let draft = decide(&self.draft, &self.draft_side.facts(past), &extra);
        (self.today_side.said(past, &today), self.draft_side.said(past, &draft))
    }
}
