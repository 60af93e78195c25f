//! A rule's CEL expression: checked against the catalogue of facts when it is saved, run at every swipe.

use crate::facts::{self, FactSet, Scope, Variables};
use crate::rule::{Parameter, Rule, RuleOutcome};
use cel::common::ast::{CallExpr, EntryExpr, Expr};
use cel::common::value::Val;
use cel::objects::{Key, Value};
use cel::{Context, IdedExpr, Program};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Longest expression accepted, in characters; a rule that needs more is several rules.
pub const EXPRESSION_CHARS_MAX: usize = 4_000;

/// How deep `all`, `exists`, `map` and `filter` may stand in each other: each level multiplies the work.
const LOOPS_DEEP_MAX: usize = 2;

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

/// An expression ready to run.
#[derive(Debug)]
pub struct Compiled {
    program: Program,
    parameters: Box<dyn Val>,
}

impl Compiled {
    /// Compiles and checks a rule's expression: syntax, names of facts and parameters, and by trying it on two
    /// sets of sample facts, that it gives true or false or an outcome's name.
    ///
    /// # Errors
    /// `BadExpression` with the place of the first fault.
    pub fn new(rule: &Rule) -> Result<Self, BadExpression> {
        let source = &rule.expression;
        let at = |offset: usize, message: String| {
            let (line, column) = place(source, offset);
            BadExpression { line, column, message }
        };
        if source.chars().count() > EXPRESSION_CHARS_MAX {
            return Err(at(0, format!("longer than {EXPRESSION_CHARS_MAX} characters")));
        }
        if source.trim().is_empty() {
            return Err(at(0, "the expression is empty".into()));
        }
        let program = facts::environment().compile(source).map_err(|errors| first_parse_error(&errors))?;
        let mut walk = Walk { program: &program, parameters: &rule.parameters, bound: Vec::new() };
        walk.visit(program.expression(), 0).map_err(|(id, message)| {
            let offset = program.source_info().offset_for(id).map_or(0, |(start, _)| start as usize);
            at(offset, message)
        })?;
        let parameters = facts::boxed(parameters_value(&rule.parameters))
            .ok_or_else(|| at(0, "the parameters cannot be read".into()))?;
        let compiled = Compiled { parameters, program };
        for sample in [FactSet::sample(), FactSet::opposite_sample()] {
            compiled.run(&sample.variables()).map_err(|message| at(0, message))?;
        }
        Ok(compiled)
    }

    /// Runs the expression on facts.
    ///
    /// # Errors
    /// A sentence saying what failed, such as a division by zero.
    pub(crate) fn run(&self, facts: &Variables) -> Result<Verdict, String> {
        let scope = Scope { facts, parameters: self.parameters.as_ref() };
        let mut context = Context::with_env(facts::environment());
        context.set_variable_resolver(&scope);
        match self.program.execute(&context).map_err(|error| error.to_string())? {
            Value::Bool(false) => Ok(Verdict::Quiet),
            Value::Bool(true) => Ok(Verdict::Fires),
            Value::String(word) => match word.as_str() {
                "none" => Ok(Verdict::Quiet),
                word => RuleOutcome::parse(word)
                    .map(Verdict::Asks)
                    .ok_or_else(|| format!("{word:?} is no outcome")),
            },
            other => Err(format!("gives a {}, expected true, false or an outcome's name", other.type_of())),
        }
    }
}

fn first_parse_error(errors: &cel::ParseErrors) -> BadExpression {
    errors.errors.first().map_or_else(
        || BadExpression { line: 1, column: 1, message: "not a CEL expression".into() },
        |error| BadExpression {
            line: usize::try_from(error.pos.0).unwrap_or(1).max(1),
            column: usize::try_from(error.pos.1).unwrap_or(1).max(1),
            message: error.msg.clone(),
        },
    )
}

/// Line and column, from 1, of a character offset.
fn place(source: &str, offset: usize) -> (usize, usize) {
    let before: String = source.chars().take(offset).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

fn parameters_value(parameters: &BTreeMap<String, Parameter>) -> Value {
    let fields: HashMap<Key, Value> = parameters
        .iter()
        .map(|(name, parameter)| {
            let value = match parameter {
                Parameter::Flag(v) => Value::Bool(*v),
                Parameter::Whole(v) => Value::Int(*v),
                Parameter::Real(v) => Value::Float(*v),
                Parameter::Text(v) => Value::String(Arc::new(v.clone())),
                Parameter::Words(v) => Value::from(v.iter().map(String::as_str).collect::<Vec<_>>()),
            };
            (Key::from(name.as_str()), value)
        })
        .collect();
    Value::from(fields)
}

/// Walks an expression and names the first fact, parameter or variable that does not exist.
struct Walk<'a> {
    program: &'a Program,
    parameters: &'a BTreeMap<String, Parameter>,
    /// Variables of the loops around this place.
    bound: Vec<String>,
}

type Fault = (u64, String);

impl Walk<'_> {
    fn visit(&mut self, node: &IdedExpr, loops: usize) -> Result<(), Fault> {
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.ident(node.id, name),
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(root) if !self.bound.contains(root) => self.select(node.id, root, &select.field),
                _ => self.visit(&select.operand, loops),
            },
            Expr::Call(call) => self.call(call, loops),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.visit(element, loops)),
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr), loops),
            Expr::Struct(message) => self.entries(message.entries.iter().map(|entry| &entry.expr), loops),
            Expr::Comprehension(comprehension) => {
                if loops >= LOOPS_DEEP_MAX {
                    return Err((
                        node.id,
                        format!("loops may stand at most {LOOPS_DEEP_MAX} deep in each other"),
                    ));
                }
                self.visit(&comprehension.iter_range, loops)?;
                let before = self.bound.len();
                self.bound.push(comprehension.iter_var.clone());
                self.bound.extend(comprehension.iter_var2.clone());
                self.bound.push(comprehension.accu_var.clone());
                for part in [
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.visit(part, loops + 1)?;
                }
                self.bound.truncate(before);
                Ok(())
            }
        }
    }

    fn call(&mut self, call: &CallExpr, loops: usize) -> Result<(), Fault> {
        // `math.greatest(a, b)` has the namespace as its target.
        if let Some(target) = &call.target
            && !matches!(&target.expr, Expr::Ident(name) if name == "math")
        {
            self.visit(target, loops)?;
        }
        call.args.iter().try_for_each(|argument| self.visit(argument, loops))
    }

    fn entries<'e>(
        &mut self,
        entries: impl Iterator<Item = &'e EntryExpr>,
        loops: usize,
    ) -> Result<(), Fault> {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => self.visit(&field.value, loops)?,
                EntryExpr::MapEntry(entry) => {
                    self.visit(&entry.key, loops)?;
                    self.visit(&entry.value, loops)?;
                }
            }
        }
        Ok(())
    }

    fn ident(&self, id: u64, name: &str) -> Result<(), Fault> {
        if self.bound.iter().any(|bound| bound == name) {
            Ok(())
        } else if facts::is_root(name) || name == "p" {
            Err((id, format!("name one of the facts of `{name}`, such as `{}`", self.example(name))))
        } else {
            Err((id, format!("there is no `{name}`: facts begin with swipe, card, order, merchant or event")))
        }
    }

    fn select(&self, id: u64, root: &str, field: &str) -> Result<(), Fault> {
        let known = if root == "p" {
            self.parameters.contains_key(field)
        } else {
            facts::kind_of(&format!("{root}.{field}")).is_some()
        };
        if known {
            Ok(())
        } else if root == "p" {
            Err((id, format!("this rule has no parameter `{field}`")))
        } else if facts::is_root(root) {
            Err((id, format!("there is no fact `{root}.{field}`")))
        } else {
            self.ident(id, root)
        }
    }

    fn example(&self, root: &str) -> String {
        if root == "p" {
            return self
                .parameters
                .keys()
                .next()
                .map_or_else(|| "p.threshold".into(), |name| format!("p.{name}"));
        }
        facts::CATALOGUE
            .iter()
            .find(|fact| fact.path.starts_with(root))
            .map_or_else(|| self.program.source_info().source.clone(), |fact| fact.path.to_owned())
    }
}
