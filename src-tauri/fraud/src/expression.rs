//! A rule's CEL expression: checked against the catalogue of facts when it is saved, run at every swipe.
//!
//! Owns which part of CEL a rule may use and how much an evaluation may cost. What passes here ends soon,
//! in little memory, with a value or an error. Must not know how rules are kept or what a verdict causes.

mod calls;
mod check;
mod closed;
mod environment;
#[cfg(test)]
mod fuzz;
mod scan;
mod shape;
#[cfg(test)]
mod tests;

pub use closed::{ClosedFault, evaluate_closed};
pub use environment::PATTERN_CHARS_MAX;

use crate::facts::{FactSet, Scope};
use crate::lists::Lists;
use crate::rule::{Parameter, Rule, RuleOutcome};
use cel::common::ast::{EntryExpr, Expr, LiteralValue, SourceInfo};
use cel::common::types::{CelMap, CelMapKey, CelString};
use cel::common::value::{CowVal, Val};
use cel::objects::Value;
use cel::{Context, IdedExpr};
use check::Check;
use environment::{Pattern, Variables};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Longest expression accepted, in characters; a rule that needs more is several rules.
pub const EXPRESSION_CHARS_MAX: usize = 4_000;

/// Most parameters of a rule: more than a screen of fields is no set of thresholds.
pub const PARAMETERS_MAX: usize = 64;

/// Longest name of a parameter, in characters.
const PARAMETER_NAME_CHARS_MAX: usize = 64;

/// Longest text of a parameter, in characters.
const PARAMETER_TEXT_CHARS_MAX: usize = 1_000;

/// Most words of one parameter; more of them belong into a named list.
pub const PARAMETER_WORDS_MAX: usize = 1_000;

/// Longest word of a parameter, in characters: as long as the longest merchant's name that we keep.
const PARAMETER_WORD_CHARS_MAX: usize = 200;

/// Longest message of a fault, in characters; the parser and CEL quote what they read.
const MESSAGE_CHARS_MAX: usize = 400;

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct BadExpression {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
}

/// What a rule says of one set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Quiet,
    /// Fires with the rule's own outcome.
    Fires,
    /// Fires and names an outcome itself.
    Asks(RuleOutcome),
}

/// An expression that passed every check, with its patterns taken out and compiled.
#[derive(Debug)]
struct Prepared {
    expression: IdedExpr,
    patterns: Vec<Pattern>,
}

/// An expression ready to run.
#[derive(Debug)]
pub struct Compiled {
    prepared: Prepared,
    parameters: Parameters,
}

impl Compiled {
    /// Compiles and checks a rule's expression: its syntax, its names, the kinds of its values, its worst-case
    /// cost, and by trying it on two sets of sample facts, that it gives true or false or an outcome's name.
    ///
    /// # Errors
    /// `BadExpression` with the place of the first fault.
    pub fn new(rule: &Rule, lists: &Lists) -> Result<Self, BadExpression> {
        let at_start = |message: String| bad(&rule.expression, 0, &message);
        check_parameters(&rule.parameters).map_err(at_start)?;
        let prepared = prepare(&rule.expression, &rule.parameters, lists, |check, node| {
            let (shape, _) = check.visit(node)?;
            check.result(node, &shape)
        })?;
        let parameters = Parameters::new(&rule.parameters)
            .ok_or_else(|| at_start("the parameters cannot be read".into()))?;
        let compiled = Compiled { prepared, parameters };
        for sample in [FactSet::sample(), FactSet::opposite_sample()] {
            compiled.run(&sample, lists).map_err(at_start)?;
        }
        Ok(compiled)
    }

    /// Runs the expression on facts, looking up the same named lists it was compiled with.
    ///
    /// # Errors
    /// A sentence saying what failed, such as a division by zero.
    pub(crate) fn run(&self, facts: &FactSet, lists: &Lists) -> Result<Verdict, String> {
        let scope = Scope { facts, parameters: &self.parameters };
        match self.prepared.value(scope, lists)? {
            Value::Bool(false) => Ok(Verdict::Quiet),
            Value::Bool(true) => Ok(Verdict::Fires),
            Value::String(word) => match word.as_str() {
                "none" => Ok(Verdict::Quiet),
                word => RuleOutcome::parse(word)
                    .map(Verdict::Asks)
                    .ok_or_else(|| clipped(&format!("{word:?} is no outcome"))),
            },
            other => Err(format!("gives a {}, expected true, false or an outcome's name", other.type_of())),
        }
    }
}

impl Prepared {
    fn value(&self, scope: Scope<'_>, lists: &Lists) -> Result<Value, String> {
        let variables = Variables { scope, lists, patterns: &self.patterns };
        let mut context = Context::with_env(environment::environment());
        context.set_variable_resolver(&variables);
        Value::resolve(&self.expression, &context).map_err(|error| clipped(&error.to_string()))
    }
}

/// Takes an expression through all checks that need no facts.
fn prepare(
    source: &str,
    parameters: &BTreeMap<String, Parameter>,
    lists: &Lists,
    judge: impl FnOnce(&mut Check<'_>, &IdedExpr) -> Result<(), check::Fault>,
) -> Result<Prepared, BadExpression> {
    let chars: Vec<char> = source.chars().collect();
    if chars.len() > EXPRESSION_CHARS_MAX {
        return Err(bad(source, 0, &format!("longer than {EXPRESSION_CHARS_MAX} characters")));
    }
    if source.trim().is_empty() {
        return Err(bad(source, 0, "the expression is empty"));
    }
    scan::check(&chars).map_err(|(offset, message)| bad(source, offset, &message))?;
    let program =
        environment::environment().compile(source).map_err(|errors| first_parse_error(source, &errors))?;
    judge(&mut Check::new(parameters, lists), program.expression())
        .map_err(|(id, message)| bad(source, offset(program.source_info(), id), &message))?;
    let mut patterns = Vec::new();
    let mut expression = program.expression().clone();
    take_patterns(&mut expression, &mut patterns);
    Ok(Prepared { expression, patterns })
}

/// Replaces every `text.matches("pattern")` by a call with the pattern compiled.
fn take_patterns(node: &mut IdedExpr, patterns: &mut Vec<Pattern>) {
    let mut each = |node: &mut IdedExpr| take_patterns(node, patterns);
    match &mut node.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
        Expr::Select(select) => each(&mut select.operand),
        Expr::List(list) => list.elements.iter_mut().for_each(each),
        Expr::Map(map) => entries(map.entries.iter_mut().map(|entry| &mut entry.expr), each),
        Expr::Struct(message) => entries(message.entries.iter_mut().map(|entry| &mut entry.expr), each),
        Expr::Comprehension(of) => {
            let of = of.as_mut();
            [&mut of.iter_range, &mut of.accu_init, &mut of.loop_cond, &mut of.loop_step, &mut of.result]
                .into_iter()
                .for_each(each);
        }
        Expr::Call(call) => {
            call.target.iter_mut().for_each(|target| each(target));
            call.args.iter_mut().for_each(&mut each);
            if call.func_name == "matches"
                && let [IdedExpr { expr: Expr::Literal(LiteralValue::String(source)), id }] =
                    call.args.as_slice()
                && let Ok(pattern) = Pattern::new(source.inner())
                && let Some(target) = call.target.take()
            {
                let variable = Expr::Ident(environment::pattern_variable(patterns.len()));
                call.args = vec![*target, IdedExpr { id: *id, expr: variable }];
                call.func_name = environment::MATCHES_PATTERN.into();
                patterns.push(pattern);
            }
        }
    }
}

fn entries<'e>(of: impl Iterator<Item = &'e mut EntryExpr>, mut each: impl FnMut(&mut IdedExpr)) {
    for entry in of {
        match entry {
            EntryExpr::StructField(field) => each(&mut field.value),
            EntryExpr::MapEntry(entry) => {
                each(&mut entry.key);
                each(&mut entry.value);
            }
        }
    }
}

fn clipped(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// A fault at a character offset.
fn bad(source: &str, offset: usize, message: &str) -> BadExpression {
    let before: String = source.chars().take(offset).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    BadExpression { line, column, message: clipped(message) }
}

fn offset(info: &SourceInfo, id: u64) -> usize {
    info.offset_for(id).map_or(0, |(start, _)| start as usize)
}

/// The parser's first fault, moved to the end of the source where it is said to be past it.
fn first_parse_error(source: &str, errors: &cel::ParseErrors) -> BadExpression {
    let Some(error) = errors.errors.first() else {
        return bad(source, 0, "not a CEL expression");
    };
    let lines: Vec<&str> = source.split('\n').collect();
    let line = usize::try_from(error.pos.0).unwrap_or(1).clamp(1, lines.len());
    let past = lines.get(line - 1).map_or(0, |text| text.chars().count()) + 1;
    let column = usize::try_from(error.pos.1).unwrap_or(1).clamp(1, past);
    BadExpression { line, column, message: clipped(&error.msg) }
}

/// Bounds what a rule carries: parameters are read at every swipe and sent with every list of rules.
fn check_parameters(parameters: &BTreeMap<String, Parameter>) -> Result<(), String> {
    if parameters.len() > PARAMETERS_MAX {
        return Err(format!("a rule may have at most {PARAMETERS_MAX} parameters"));
    }
    for (name, parameter) in parameters {
        if name.chars().count() > PARAMETER_NAME_CHARS_MAX {
            return Err(format!("a parameter's name may have at most {PARAMETER_NAME_CHARS_MAX} characters"));
        }
        let (texts, each_max): (&[String], usize) = match parameter {
            Parameter::Flag(_) | Parameter::Whole(_) => continue,
            Parameter::Real(value) if value.is_finite() => continue,
            Parameter::Real(_) => return Err(format!("parameter `{name}` is no number")),
            Parameter::Text(text) => (std::slice::from_ref(text), PARAMETER_TEXT_CHARS_MAX),
            Parameter::Words(words) => (words, PARAMETER_WORD_CHARS_MAX),
        };
        if texts.len() > PARAMETER_WORDS_MAX {
            let hint = "put them into a named list";
            return Err(format!("parameter `{name}` has more than {PARAMETER_WORDS_MAX} words; {hint}"));
        }
        if texts.iter().any(|text| text.chars().count() > each_max) {
            return Err(format!("parameter `{name}` has a text of more than {each_max} characters"));
        }
    }
    Ok(())
}

/// A rule's parameters in the form that expressions read, made once.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, Box<dyn Val>)>);

impl Parameters {
    fn new(parameters: &BTreeMap<String, Parameter>) -> Option<Self> {
        let each = parameters.iter().map(|(name, parameter)| {
            let value = match parameter {
                Parameter::Flag(v) => Value::Bool(*v),
                Parameter::Whole(v) => Value::Int(*v),
                Parameter::Real(v) => Value::Float(*v),
                Parameter::Text(v) => Value::String(Arc::new(v.clone())),
                Parameter::Words(v) => Value::from(v.iter().map(String::as_str).collect::<Vec<_>>()),
            };
            Some((format!("p.{name}"), Box::<dyn Val>::try_from(value).ok()?))
        });
        Some(Parameters(each.collect::<Option<_>>()?))
    }

    /// `p.minutes`, or all of them for `p` alone.
    pub(crate) fn resolve(&self, name: &str) -> Option<CowVal<'_, '_>> {
        if name == "p" {
            let fields = self.0.iter().map(|(path, value)| {
                (CelMapKey::String(CelString::from(path["p.".len()..].to_owned())), value.clone_as_boxed())
            });
            return Some(CowVal::owned(CelMap::from(fields.collect::<HashMap<_, _>>())));
        }
        self.0.iter().find(|(path, _)| path == name).map(|(_, value)| CowVal::Borrowed(value.as_ref()))
    }
}
