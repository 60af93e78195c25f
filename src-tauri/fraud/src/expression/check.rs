//! Checks every node of an expression: that its names exist, that the kinds of its values fit, and what
//! it can cost at most. Whatever it lets through ends soon, in little memory, with a value or an error.

use super::shape::{Kind, Shape, Work};
use crate::facts;
use crate::lists::Lists;
use crate::rule::{Parameter, RuleOutcome};
use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, ListExpr, LiteralValue, MapExpr, SelectExpr, operators,
};
use std::collections::BTreeMap;

/// How deep `all`, `exists`, `map` and `filter` may stand in each other: each level multiplies the work.
const LOOPS_DEEP_MAX: usize = 2;

/// Most nodes of an expression, loops written out: more than 4,000 characters that mean something give.
const NODES_MAX: usize = 4_000;

/// Most steps of one evaluation, in the worst case: 0.6 ms in a release build, so that a screen of such rules
/// still answers well within the 2 s that the bank waits.
pub(super) const STEPS_MAX: u64 = 10_000;

/// Most that one evaluation builds, in bytes, in the worst case; every swipe in flight may do so at once.
pub(super) const BUILT_BYTES_MAX: u64 = 256 * 1024;

/// A faulty node with what is wrong.
pub(super) type Fault = (u64, String);

/// What a node gives and costs.
pub(super) type Checked = Result<(Shape, Work), Fault>;

pub(super) struct Check<'a> {
    pub(super) parameters: &'a BTreeMap<String, Parameter>,
    pub(super) lists: &'a Lists,
    /// Variables of the loops around this place, the innermost last.
    pub(super) bound: Vec<(String, Shape)>,
    pub(super) loops: usize,
    pub(super) nodes: usize,
}

pub(super) fn fault<T>(node: &IdedExpr, message: impl Into<String>) -> Result<T, Fault> {
    Err((node.id, message.into()))
}

impl<'a> Check<'a> {
    pub(super) fn new(parameters: &'a BTreeMap<String, Parameter>, lists: &'a Lists) -> Self {
        Check { parameters, lists, bound: Vec::new(), loops: 0, nodes: 0 }
    }

    pub(super) fn visit(&mut self, node: &IdedExpr) -> Checked {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return fault(node, "too many parts; split it into several rules");
        }
        let (shape, work) = match &node.expr {
            Expr::Unspecified | Expr::Struct(_) => return fault(node, "not part of the rule language"),
            Expr::Literal(literal) => (literal_shape(node, literal)?, Work::reading(0)),
            Expr::Ident(name) => (self.ident(node, name)?, Work::reading(0)),
            Expr::Select(select) => self.select(node, select)?,
            Expr::Call(call) => self.call(node, call)?,
            Expr::List(list) => self.list(node, list)?,
            Expr::Map(map) => self.map(node, map)?,
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension)?,
        };
        if work.steps > STEPS_MAX {
            let why =
                "takes too long in the worst case: loop over fewer entries, or use `in` with a named list";
            return fault(node, why);
        }
        if work.bytes > BUILT_BYTES_MAX || shape.bytes > BUILT_BYTES_MAX && self.builds(node) {
            return fault(node, "builds too much text or too long a list in the worst case");
        }
        Ok((shape, work))
    }

    /// Whether a value is made here; a long parameter is only read.
    fn builds(&self, node: &IdedExpr) -> bool {
        !matches!(node.expr, Expr::Ident(_) | Expr::Select(_) | Expr::Literal(_))
    }

    /// Checks that an expression gives what a rule may give: true, false, or an outcome's name.
    pub(super) fn result(&self, node: &IdedExpr, shape: &Shape) -> Result<(), Fault> {
        if let Expr::Call(call) = &node.expr
            && let (operators::CONDITIONAL, [_, yes, no]) = (call.func_name.as_str(), call.args.as_slice())
        {
            for branch in [yes, no] {
                let mut own = Check::new(self.parameters, self.lists);
                let (shape, _) = own.visit(branch)?;
                self.result(branch, &shape)?;
            }
            return Ok(());
        }
        if let Expr::Literal(LiteralValue::String(word)) = &node.expr
            && word.inner() != "none"
            && RuleOutcome::parse(word.inner()).is_none()
        {
            return fault(node, format!("{:?} is no outcome", word.inner()));
        }
        if shape.kind.may_be(&[Kind::Flag, Kind::Text]) {
            return Ok(());
        }
        let kind = shape.kind.name();
        fault(node, format!("a rule gives true, false or an outcome's name, and this is {kind}"))
    }

    fn bound(&self, name: &str) -> Option<&Shape> {
        self.bound.iter().rev().find(|(bound, _)| bound == name).map(|(_, shape)| shape)
    }

    fn ident(&self, node: &IdedExpr, name: &str) -> Result<Shape, Fault> {
        if let Some(shape) = self.bound(name) {
            Ok(shape.clone())
        } else if name == "list" {
            fault(node, "name one of the lists, such as `list.deny_merchants`")
        } else if facts::is_root(name) || name == "p" {
            fault(node, format!("name one of the facts of `{name}`, such as `{}`", self.example(name)))
        } else {
            fault(node, format!("there is no `{name}`: facts begin with {}", roots().join(", ")))
        }
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Checked {
        let (shape, work) = match &select.operand.expr {
            Expr::Ident(root) if self.bound(root).is_none() => {
                (self.named(node, root, &select.field)?, Work::reading(0))
            }
            _ => {
                let (of, work) = self.visit(&select.operand)?;
                if !of.kind.may_be(&[Kind::Map]) {
                    return fault(node, format!("{} has no field `{}`", of.kind.name(), select.field));
                }
                (of.element(), work.and(Work::reading(0)))
            }
        };
        Ok((if select.test { Shape::scalar(Kind::Flag) } else { shape }, work))
    }

    /// A fact, a parameter or a named list.
    fn named(&self, node: &IdedExpr, root: &str, field: &str) -> Result<Shape, Fault> {
        if root == "p" {
            return match self.parameters.get(field) {
                Some(parameter) => Ok(Shape::of_parameter(parameter)),
                None => fault(node, format!("this rule has no parameter `{field}`")),
            };
        }
        if root == "list" {
            let known = self.lists.has(field);
            return if known {
                Ok(Shape::scalar(Kind::Entries))
            } else {
                fault(node, format!("there is no list `{field}`"))
            };
        }
        match facts::kind_of(&format!("{root}.{field}")) {
            Some(fact) => Ok(Shape::of_fact(fact.kind)),
            None if facts::is_root(root) => fault(node, format!("there is no fact `{root}.{field}`")),
            None => self.ident(node, root),
        }
    }

    fn example(&self, root: &str) -> String {
        if root == "p" {
            return self.parameters.keys().next().map_or("p.threshold".into(), |name| format!("p.{name}"));
        }
        let fact = facts::CATALOGUE.iter().find(|fact| fact.path.split('.').next() == Some(root));
        fact.map_or_else(|| root.to_owned(), |fact| fact.path.to_owned())
    }

    fn list(&mut self, node: &IdedExpr, list: &ListExpr) -> Checked {
        if !list.optional_indices.is_empty() {
            return fault(node, "optional entries are not part of the rule language");
        }
        let mut work = Work::reading(0);
        let mut element: Option<Shape> = None;
        for entry in &list.elements {
            let (shape, own) = self.visit(entry)?;
            no_entries(entry, &shape)?;
            work = work.and(own).and(Work::building(shape.bytes));
            element = Some(match element {
                Some(before) => before.or(shape),
                None => shape,
            });
        }
        let shape = element.map_or_else(Shape::empty_list, |e| Shape::list(e, list.elements.len()));
        Ok((shape, work))
    }

    fn map(&mut self, node: &IdedExpr, map: &MapExpr) -> Checked {
        let mut work = Work::reading(0);
        let (mut keys, mut values): (Option<Shape>, Option<Shape>) = (None, None);
        let mut bytes: u64 = 0;
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                return fault(node, "not part of the rule language");
            };
            let (key, key_work) = self.visit(&entry.key)?;
            if entry.optional || !key.kind.may_be(&[Kind::Flag, Kind::Whole, Kind::Text]) {
                return fault(&entry.key, "a key is text, a whole number, or true or false");
            }
            let (value, value_work) = self.visit(&entry.value)?;
            no_entries(&entry.value, &value)?;
            let own = key.bytes.saturating_add(value.bytes);
            bytes = bytes.saturating_add(own);
            work = work.and(key_work).and(value_work).and(Work::building(own));
            keys = Some(keys.map_or_else(|| key.clone(), |before| before.or(key.clone())));
            values = Some(values.map_or_else(|| value.clone(), |before| before.or(value.clone())));
        }
        let shape = Shape {
            kind: Kind::Map,
            bytes,
            items: u64::try_from(map.entries.len()).unwrap_or(u64::MAX),
            element: values.map(Box::new),
            key: keys.map(Box::new),
        };
        Ok((shape, work))
    }

    /// The macros `all`, `exists`, `exists_one`, `map` and `filter`, written out by the parser.
    fn comprehension(&mut self, node: &IdedExpr, of: &ComprehensionExpr) -> Checked {
        if self.loops >= LOOPS_DEEP_MAX {
            return fault(node, format!("loops may stand at most {LOOPS_DEEP_MAX} deep in each other"));
        }
        let variable = of.iter_var.as_str();
        if of.iter_var2.is_some() {
            return fault(node, "a loop has one variable");
        }
        // Facts are found before variables, so a loop over such a name would silently read the fact.
        if facts::is_root(variable) || matches!(variable, "p" | "list" | "math") || variable.starts_with('@')
        {
            return fault(node, format!("a loop's variable cannot be called `{variable}`"));
        }
        let (range, range_work) = self.visit(&of.iter_range)?;
        if !range.kind.may_be(&[Kind::List, Kind::Map]) {
            let kind = range.kind.name();
            return fault(&of.iter_range, format!("only a list can be looped over, and this is {kind}"));
        }
        let (start, start_work) = self.visit(&of.accu_init)?;
        self.loops += 1;
        let before = self.bound.len();
        let item = range.looped();
        let copied = Work::building(item.bytes).and(Work::building(start.bytes));
        self.bound.push((of.iter_var.clone(), item));
        self.bound.push((of.accu_var.clone(), start.clone()));
        let (_, condition) = self.visit(&of.loop_cond)?;
        let (step, step_work) = self.visit(&of.loop_step)?;
        if let Some((_, accumulated)) = self.bound.last_mut() {
            // `map` and `filter` append what a step gives; the others keep one flag or number.
            *accumulated = if start.kind == Kind::List { step.repeated(range.items) } else { start };
        }
        let (result, result_work) = self.visit(&of.result)?;
        self.bound.truncate(before);
        self.loops -= 1;
        let turns = copied.and(condition).and(step_work).times(range.items);
        Ok((result, range_work.and(start_work).and(turns).and(result_work)))
    }

    pub(super) fn arguments(&mut self, call: &CallExpr) -> Result<(Vec<Shape>, Work), Fault> {
        let mut shapes = Vec::with_capacity(call.args.len());
        let mut work = Work::reading(0);
        for argument in &call.args {
            let (shape, own) = self.visit(argument)?;
            work = work.and(own);
            shapes.push(shape);
        }
        Ok((shapes, work))
    }
}

/// What the facts begin with, each once.
fn roots() -> Vec<&'static str> {
    let mut roots: Vec<&str> =
        facts::CATALOGUE.iter().filter_map(|fact| fact.path.split('.').next()).collect();
    roots.dedup();
    roots
}

/// A named list is no value that could be passed on.
fn no_entries(node: &IdedExpr, shape: &Shape) -> Result<(), Fault> {
    if shape.kind == Kind::Entries {
        return fault(node, "a named list can only stand after `in` or in `size`");
    }
    Ok(())
}

fn literal_shape(node: &IdedExpr, literal: &LiteralValue) -> Result<Shape, Fault> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Shape::scalar(Kind::Flag)),
        LiteralValue::Int(_) => Ok(Shape::scalar(Kind::Whole)),
        LiteralValue::Double(_) => Ok(Shape::scalar(Kind::Real)),
        LiteralValue::String(text) => Ok(Shape::text(text.inner().len())),
        LiteralValue::Bytes(_) => fault(node, "bytes are not part of the rule language; write plain text"),
        LiteralValue::UInt(_) => fault(node, "write whole numbers without `u`"),
        LiteralValue::Null => fault(node, "there is no `null`; facts always have a value"),
    }
}
