//! Alerts: what to look at, how weighty it is, and how it reads.

use crate::decision::FiredRule;
use crate::rule::{RuleOutcome, Severity};
use crate::time::{MINUTE_MS, UnixMs};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Further firing swipes of a card join its alert for this long after it was raised (CONTRACT: 10 min).
pub const JOIN_WINDOW_MS: i64 = 10 * MINUTE_MS;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    Open,
    InReview,
    Resolved,
}

impl AlertStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            AlertStatus::Open => "open",
            AlertStatus::InReview => "in_review",
            AlertStatus::Resolved => "resolved",
        }
    }
}

/// What a person, or a late fact, found an alert to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    ConfirmedFraud,
    FalsePositive,
    Inconclusive,
    /// Every rule in it was explained by facts that arrived later; never set by a person.
    Explained,
}

impl Disposition {
    pub fn as_str(self) -> &'static str {
        match self {
            Disposition::ConfirmedFraud => "confirmed_fraud",
            Disposition::FalsePositive => "false_positive",
            Disposition::Inconclusive => "inconclusive",
            Disposition::Explained => "explained",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [
            Disposition::ConfirmedFraud,
            Disposition::FalsePositive,
            Disposition::Inconclusive,
            Disposition::Explained,
        ]
        .into_iter()
        .find(|disposition| disposition.as_str() == word)
    }

    pub fn words(self) -> &'static str {
        match self {
            Disposition::ConfirmedFraud => "Confirmed fraud",
            Disposition::FalsePositive => "False positive",
            Disposition::Inconclusive => "Inconclusive",
            Disposition::Explained => "Explained",
        }
    }
}

/// How weighty a rule in an alert is: the weightiest gives the alert its name.
pub fn weight(outcome: RuleOutcome, severity: Severity) -> i64 {
    let outcome = match outcome {
        RuleOutcome::Alert => 0,
        RuleOutcome::Decline => 1,
        RuleOutcome::DeclineAndDeactivate => 2,
    };
    let severity = match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
    };
    outcome * 3 + severity
}

/// Whether a firing swipe at `at` still joins an alert raised at `raised_at`.
pub fn joins(raised_at: UnixMs, at: UnixMs) -> bool {
    at.since(raised_at) <= JOIN_WINDOW_MS
}

/// The alert's title: what is suspected, in one sentence.
pub fn title(fired: &[&FiredRule]) -> String {
    match fired {
        [] => "Nothing is suspected.".into(),
        [only] => only.message.clone(),
        [first, rest @ ..] => {
            let others: Vec<String> = rest.iter().map(|f| f.rule_name.to_lowercase()).collect();
            format!("{} Also: {}.", first.message, others.join(", "))
        }
    }
}

/// Why an event of the bank's feed has no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// We approved, and the bank never said what became of it.
    MissingAfter,
    /// The bank reports a swipe that it never asked us about.
    MissingBefore,
    /// The same reference came with other content.
    ReferenceReused,
    /// The bank reports success for a swipe we declined.
    Contradicted,
}

impl GapKind {
    pub fn as_str(self) -> &'static str {
        match self {
            GapKind::MissingAfter => "missing_after",
            GapKind::MissingBefore => "missing_before",
            GapKind::ReferenceReused => "reference_reused",
            GapKind::Contradicted => "contradicted",
        }
    }

    /// What happened and what it means, for ops: never an accusation.
    pub fn sentence(self) -> &'static str {
        match self {
            GapKind::MissingAfter => "We approved a swipe and the bank has not reported what became of it.",
            GapKind::MissingBefore => "The bank reports a swipe that it never asked us about.",
            GapKind::ReferenceReused => {
                "The bank sent the same reference with other content; both were decided."
            }
            GapKind::Contradicted => "The bank reports success for a swipe that we declined.",
        }
    }

    pub fn would_change(self) -> &'static str {
        match self {
            GapKind::MissingAfter => "The after, decline or reversal event of this swipe.",
            GapKind::MissingBefore => "The authorization this event belongs to.",
            GapKind::ReferenceReused => "Nothing: ask the bank why the reference was used twice.",
            GapKind::Contradicted => "A reversal of the swipe, or the bank correcting its report.",
        }
    }
}
