//! Rules as data: what a rule is, and a compiled, versioned set of them.

use crate::expression::{BadExpression, Compiled, Verdict};
use crate::facts::FactSet;
use crate::lists::Lists;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a rule asks for; the strongest of those that fire decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleOutcome {
    Alert,
    Decline,
    DeclineAndDeactivate,
}

impl RuleOutcome {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "alert" => Some(RuleOutcome::Alert),
            "decline" => Some(RuleOutcome::Decline),
            "decline_and_deactivate" => Some(RuleOutcome::DeclineAndDeactivate),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            RuleOutcome::Alert => "alert",
            RuleOutcome::Decline => "decline",
            RuleOutcome::DeclineAndDeactivate => "decline_and_deactivate",
        }
    }
}

/// `live` decides, `shadow` is evaluated and recorded without effect, `off` is not evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleMode {
    Live,
    Shadow,
    Off,
}

impl RuleMode {
    pub fn as_str(self) -> &'static str {
        match self {
            RuleMode::Live => "live",
            RuleMode::Shadow => "shadow",
            RuleMode::Off => "off",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// When a rule is evaluated: at every swipe, or when the feed has been silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    Swipe,
    Feed,
}

/// A named threshold, edited as a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Parameter {
    Flag(bool),
    Whole(i64),
    Real(f64),
    Text(String),
    Words(Vec<String>),
}

/// A rule in one of its versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub scope: RuleScope,
    pub mode: RuleMode,
    pub outcome: RuleOutcome,
    pub severity: Severity,
    /// CEL: true, or an outcome's name, when the rule fires.
    pub expression: String,
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Counts up from 1 with every change of this rule.
    pub version: i64,
    pub updated_at: UnixMs,
    pub updated_by: String,
}

impl Rule {
    /// A whole-number parameter, or `default` where it is missing or of another type.
    pub fn whole(&self, name: &str, default: i64) -> i64 {
        match self.parameters.get(name) {
            Some(Parameter::Whole(value)) => *value,
            Some(Parameter::Real(value)) => *value as i64,
            Some(Parameter::Flag(_) | Parameter::Text(_) | Parameter::Words(_)) | None => default,
        }
    }
}

/// A rule with its expression compiled.
#[derive(Debug)]
pub struct CompiledRule {
    pub rule: Rule,
    compiled: Compiled,
}

/// Every rule in force, compiled once per version of the set.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Counts up with every change of any rule.
    pub version: i64,
    rules: Vec<CompiledRule>,
    /// What `list` names in the expressions.
    lists: Arc<Lists>,
}

/// What evaluating one rule gave.
#[derive(Debug)]
pub struct Evaluated<'a> {
    pub rule: &'a Rule,
    /// `Err` holds what went wrong while running: shown, never taken for "did not fire".
    pub verdict: Result<Option<RuleOutcome>, String>,
}

impl RuleSet {
    /// Compiles a set.
    ///
    /// # Errors
    /// The id and fault of the first rule that does not compile; stored rules always do.
    pub fn compile(
        version: i64,
        rules: Vec<Rule>,
        lists: &Arc<Lists>,
    ) -> Result<Self, (String, BadExpression)> {
        let rules = rules
            .into_iter()
            .map(|rule| match Compiled::new(&rule, lists) {
                Ok(compiled) => Ok(CompiledRule { rule, compiled }),
                Err(bad) => Err((rule.id, bad)),
            })
            .collect::<Result<_, _>>()?;
        Ok(RuleSet { version, rules, lists: lists.clone() })
    }

    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().map(|compiled| &compiled.rule).find(|rule| rule.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// Evaluates every rule of `scope` that is not off.
    pub fn evaluate<'a>(&'a self, scope: RuleScope, facts: &FactSet) -> Vec<Evaluated<'a>> {
        self.rules
            .iter()
            .filter(|compiled| compiled.rule.scope == scope)
            .filter_map(|compiled| self.ask(compiled, facts))
            .collect()
    }

    /// Evaluates one rule; `None` when it is off or not there.
    pub fn evaluate_one<'a>(&'a self, id: &str, facts: &FactSet) -> Option<Evaluated<'a>> {
        self.rules
            .iter()
            .find(|compiled| compiled.rule.id == id)
            .and_then(|compiled| self.ask(compiled, facts))
    }

    fn ask<'a>(&'a self, compiled: &'a CompiledRule, facts: &FactSet) -> Option<Evaluated<'a>> {
        if compiled.rule.mode == RuleMode::Off {
            return None;
        }
        let verdict = compiled.compiled.run(facts, &self.lists).map(|verdict| match verdict {
            Verdict::Quiet => None,
            Verdict::Fires => Some(compiled.rule.outcome),
            Verdict::Asks(outcome) => Some(outcome.max(compiled.rule.outcome)),
        });
        Some(Evaluated { rule: &compiled.rule, verdict })
    }
}
