//! One decision: the facts of a swipe against a set of rules.

use crate::explain;
use crate::facts::FactSet;
use crate::rule::{Evaluated, RuleMode, RuleOutcome, RuleScope, RuleSet, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Our answer to the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Approve,
    Decline,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Approve => "approve",
            Outcome::Decline => "decline",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "approve" => Some(Outcome::Approve),
            "decline" => Some(Outcome::Decline),
            _ => None,
        }
    }
}

/// A value a rule looked at, beside its threshold, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shown {
    pub label: String,
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
}

/// A rule that fired, live or in shadow, with all it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FiredRule {
    pub rule: String,
    pub rule_name: String,
    pub version: i64,
    pub mode: RuleMode,
    pub outcome: RuleOutcome,
    pub severity: Severity,
    /// One sentence: what is suspected.
    pub message: String,
    pub values: Vec<Shown>,
    pub counter_evidence: Vec<String>,
    pub would_change: String,
}

/// A rule that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleFailure {
    pub rule: String,
    pub version: i64,
    pub message: String,
}

/// What the rules say of one swipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub outcome: Outcome,
    /// Weightiest first; shadow rules are among them.
    pub fired: Vec<FiredRule>,
    pub failures: Vec<RuleFailure>,
}

impl Decision {
    pub fn live(&self) -> impl Iterator<Item = &FiredRule> {
        self.fired.iter().filter(|fired| fired.mode == RuleMode::Live)
    }

    fn of(mut fired: Vec<FiredRule>, failures: Vec<RuleFailure>) -> Self {
        // Stable: rules of equal weight stay in the set's order.
        fired.sort_by_key(|f| std::cmp::Reverse((f.mode == RuleMode::Live, f.outcome, f.severity)));
        let declines = fired.iter().any(|f| f.mode == RuleMode::Live && f.outcome >= RuleOutcome::Decline);
        Decision { outcome: if declines { Outcome::Decline } else { Outcome::Approve }, fired, failures }
    }

    /// The same decision with one rule as another set has it.
    pub fn with_rule_of(
        &self,
        rules: &RuleSet,
        id: &str,
        facts: &FactSet,
        extra: &explain::Extra<'_>,
    ) -> Self {
        let mut fired: Vec<FiredRule> = self.fired.iter().filter(|f| f.rule != id).cloned().collect();
        let mut failures: Vec<RuleFailure> = self.failures.iter().filter(|f| f.rule != id).cloned().collect();
        if let Some(evaluated) = rules.evaluate_one(id, facts) {
            sort_out(evaluated, facts, extra, &mut fired, &mut failures);
        }
        Decision::of(fired, failures)
    }

    /// Whether a live rule asks for the card to be deactivated.
    pub fn deactivates(&self) -> Option<&FiredRule> {
        self.live().find(|fired| fired.outcome == RuleOutcome::DeclineAndDeactivate)
    }
}

/// Evaluates every swipe rule; the strongest live one decides, shadow rules are recorded only.
///
/// `extra` are words for the explanations that are not facts of the rules, such as the order's id.
pub fn decide(rules: &RuleSet, facts: &FactSet, extra: &explain::Extra<'_>) -> Decision {
    let (mut fired, mut failures) = (Vec::new(), Vec::new());
    for evaluated in rules.evaluate(RuleScope::Swipe, facts) {
        sort_out(evaluated, facts, extra, &mut fired, &mut failures);
    }
    Decision::of(fired, failures)
}

fn sort_out(
    evaluated: Evaluated<'_>,
    facts: &FactSet,
    extra: &explain::Extra<'_>,
    fired: &mut Vec<FiredRule>,
    failures: &mut Vec<RuleFailure>,
) {
    match evaluated.verdict {
        Ok(None) => {}
        Ok(Some(outcome)) => fired.push(explain::fired(evaluated.rule, outcome, facts, extra)),
        Err(message) => failures.push(RuleFailure {
            rule: evaluated.rule.id.clone(),
            version: evaluated.rule.version,
            message,
        }),
    }
}

#[cfg(test)]
mod tests;
