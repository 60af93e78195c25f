//! Swipes on their way through the writer: the job, its caller's ticket, and what is recorded.
//!
//! How a batch of them is decided stands in `swipe/decide.rs`, how one is judged in `swipe/judge.rs`.

mod decide;
mod judge;
mod record;

pub(crate) use decide::decide_all;
#[cfg(test)]
pub(crate) use decide::{BY_CONTENT_SQL, BY_REFERENCE_SQL};
pub(crate) use judge::{Before, Judged, judge};
pub(crate) use record::{BACKED, Decided};

use crate::StoreError;
use fraud::authorization::{CLOCK_SUSPECT_MS, Merchant, Swipe};
use fraud::decision::{FiredRule, Outcome, RuleFailure};
use fraud::link::Tolerance;
use fraud::rule::{Parameter, RuleSet};
use fraud::shipped::{self, CARD_DEACTIVATED, NO_OPEN_ORDER};
use fraud::time::MINUTE_MS;
use serde::{Deserialize, Serialize};
use sqlx::{Row, any::AnyRow};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// How often a swipe that cannot be recorded is tried before it is given up.
pub(crate) const TRIES_MAX: u32 = 3;

/// What the bank is told, and what we keep of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub authorization_id: String,
    pub outcome: Outcome,
    /// Live rules that fired.
    pub reasons: Vec<(String, String)>,
    pub duplicate: bool,
    pub stand_in: bool,
}

enum State {
    Waiting(oneshot::Sender<Option<Answer>>),
    /// The writer could not decide and the caller has not yet said what it answers.
    Failed,
    StoodIn(Outcome),
    Answered,
}

/// Ties a caller who must answer in time to the writer who records what was answered.
pub struct Ticket(Mutex<State>);

impl Ticket {
    /// The receiver gets the answer, or `None` when the caller must stand in.
    pub fn new() -> (Arc<Self>, oneshot::Receiver<Option<Answer>>) {
        let (send, receive) = oneshot::channel();
        (Arc::new(Ticket(Mutex::new(State::Waiting(send)))), receive)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims the right to answer `outcome` in the writer's place; false when its answer came first.
    pub fn stand_in(&self, outcome: Outcome) -> bool {
        let mut state = self.state();
        match *state {
            State::Waiting(_) | State::Failed => {
                *state = State::StoodIn(outcome);
                true
            }
            State::StoodIn(_) => true,
            State::Answered => false,
        }
    }

    pub(crate) fn fail(&self) {
        let mut state = self.state();
        if matches!(*state, State::Waiting(_))
            && let State::Waiting(reply) = std::mem::replace(&mut *state, State::Failed)
        {
            // The caller may have gone: then nobody is answered and the decision stands alone.
            let _ = reply.send(None);
        }
    }

    fn stood_in(&self) -> Option<Outcome> {
        match *self.state() {
            State::StoodIn(outcome) => Some(outcome),
            State::Waiting(_) | State::Failed | State::Answered => None,
        }
    }

    /// Gives the answer; `Some` when the caller had answered otherwise by then.
    fn answer(&self, answer: Answer) -> Option<Outcome> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Answered) {
            State::Waiting(reply) => {
                let _ = reply.send(Some(answer));
                None
            }
            State::StoodIn(outcome) => Some(outcome),
            State::Failed | State::Answered => None,
        }
    }
}

/// A swipe on its way through the writer.
pub struct SwipeJob {
    pub swipe: Swipe,
    /// Chosen by the caller, unique, sorted by time.
    pub authorization_id: String,
    pub ticket: Arc<Ticket>,
    pub queued_at: Instant,
    pub(crate) tries: u32,
    pub(crate) answer: Option<Answer>,
    /// Recorded as decided, but the caller had answered this by then.
    pub(crate) correction: Option<Outcome>,
}

impl SwipeJob {
    pub fn new(swipe: Swipe, authorization_id: String, ticket: Arc<Ticket>) -> Self {
        SwipeJob {
            swipe,
            authorization_id,
            ticket,
            queued_at: Instant::now(),
            tries: 0,
            answer: None,
            correction: None,
        }
    }

    /// Answers the caller; what comes back must be recorded as the answer that was really given.
    pub(crate) fn answer(mut self) -> Option<SwipeJob> {
        let answer = self.answer.take()?;
        let recorded = answer.clone();
        let given = self.ticket.answer(answer)?;
        let known = recorded.stand_in && recorded.outcome == given;
        (!known && !recorded.duplicate).then_some(SwipeJob { correction: Some(given), ..self })
    }
}

/// The decision as kept beside the authorization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recorded {
    pub reasons: Vec<FiredRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<RuleFailure>,
    pub facts: serde_json::Value,
}

/// The currency in which orders are valued, from the parameters of `over_order_value`.
pub(crate) fn home_currency(rules: &RuleSet) -> String {
    match rules.get(shipped::OVER_ORDER_VALUE).and_then(|rule| rule.parameters.get("currency")) {
        Some(Parameter::Text(code)) => code.clone(),
        _ => "ZAR".to_owned(),
    }
}

/// How far the swipes for an order may exceed its value, from the parameters of `over_order_value`.
fn tolerated_cents(rules: &RuleSet, value_cents: i64) -> i64 {
    let rule = rules.get(shipped::OVER_ORDER_VALUE);
    let whole = |name, default: i64| rule.map_or(default, |rule| rule.whole(name, default));
    (value_cents.saturating_mul(whole("over_percent", 10)) / 100).max(whole("over_cents", 2_500))
}

/// Tolerances around an order's life, from the parameters of `no_open_order`.
pub(crate) fn tolerance(rules: &RuleSet) -> Tolerance {
    let minutes = |name, default: i64| {
        rules.get(NO_OPEN_ORDER).map_or(default, |rule| rule.whole(name, default)) * MINUTE_MS
    };
    Tolerance { early_ms: minutes("early_minutes", 10), late_ms: minutes("late_minutes", 30) }
}

/// The merchant of a recorded swipe.
pub(crate) fn merchant(row: &AnyRow) -> Result<Merchant, StoreError> {
    Ok(Merchant {
        name: row.try_get("merchant_name")?,
        city: row.try_get("merchant_city")?,
        country: row.try_get("merchant_country")?,
        category_code: row.try_get("merchant_category_code")?,
    })
}

pub(crate) fn outcome(word: &str) -> Result<Outcome, StoreError> {
    Outcome::parse(word).ok_or_else(|| StoreError::Corrupt(format!("outcome {word:?}")))
}

/// How far a swipe's receipt may lie from the time that links it.
pub(crate) const RECEIPT_SLACK_MS: i64 = CLOCK_SUSPECT_MS;

/// Rule ids whose facts belong to the moment of the swipe and are not judged again later.
pub(crate) const MOMENT_RULES: [&str; 2] = [CARD_DEACTIVATED, shipped::FULL_CARD_NUMBER];
