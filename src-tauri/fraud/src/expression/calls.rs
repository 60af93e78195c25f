//! Operators and functions: which there are, what they take, and what they cost.

use super::check::{Check, Checked, fault};
use super::environment::Pattern;
use super::shape::{Kind, NUMBER_TEXT_BYTES, Shape, Work};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

/// What a rule may call, for the refusal of anything else.
const FUNCTIONS: &str = "size, contains, startsWith, endsWith, matches, int, double, string, bool, has, all, \
    exists, exists_one, map, filter, math.greatest, math.least, math.abs, math.ceil, math.floor, math.round, \
    math.trunc, math.sign, math.isNaN, math.isInf and math.isFinite";

/// What the macros `math.greatest` and `math.least` become.
const GREATEST: &str = "math.@max";
const LEAST: &str = "math.@min";

/// Steps of trying a pattern at each byte of a text, besides reading it.
const PATTERN_STEPS: u64 = 20;

impl Check<'_> {
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Checked {
        if let Some(target) = &call.target {
            let is_math = matches!(&target.expr, Expr::Ident(name) if name == "math");
            return if is_math { self.math(node, call) } else { self.member(node, call, target) };
        }
        let (shapes, work) = self.arguments(call)?;
        match (call.func_name.as_str(), shapes.as_slice()) {
            (operators::CONDITIONAL, [_, yes, no]) => {
                self.flags(&call.args[..1], &shapes[..1], "?")?;
                Ok((yes.clone().or(no.clone()), work))
            }
            (operators::LOGICAL_AND, [..]) => self.logic(call, &shapes, "&&", work),
            (operators::LOGICAL_OR, [..]) => self.logic(call, &shapes, "||", work),
            (operators::LOGICAL_NOT, [..]) => self.logic(call, &shapes, "!", work),
            (operators::NOT_STRICTLY_FALSE, [_]) => Ok((Shape::scalar(Kind::Flag), work)),
            (operators::NEGATE, [value]) => {
                wants(&call.args[0], value, &[Kind::Whole, Kind::Real], "-")?;
                Ok((value.clone(), work))
            }
            (operators::EQUALS, [a, b]) => equality(node, a, b, "==", work),
            (operators::NOT_EQUALS, [a, b]) => equality(node, a, b, "!=", work),
            (operators::LESS, [a, b]) => order(node, a, b, "<", work),
            (operators::LESS_EQUALS, [a, b]) => order(node, a, b, "<=", work),
            (operators::GREATER, [a, b]) => order(node, a, b, ">", work),
            (operators::GREATER_EQUALS, [a, b]) => order(node, a, b, ">=", work),
            (operators::ADD, [a, b]) => add(node, a, b, work),
            (operators::SUBSTRACT, [a, b]) => arithmetic(node, a, b, "-", work),
            (operators::MULTIPLY, [a, b]) => arithmetic(node, a, b, "*", work),
            (operators::DIVIDE, [a, b]) => arithmetic(node, a, b, "/", work),
            (operators::MODULO, [a, b]) => remainder(node, a, b, work),
            (operators::IN, [a, b]) => inside(node, a, b, work),
            (operators::INDEX, [of, at]) => index(node, of, at, work),
            (GREATEST | LEAST, [..]) => extreme(call, &shapes, work),
            ("size", [of]) => size(&call.args[0], of, work),
            ("int" | "double" | "string" | "bool", [of]) => {
                convert(&call.args[0], call.func_name.as_str(), of, work)
            }
            ("size" | "int" | "double" | "string" | "bool", _) => {
                arity(node, &call.func_name, 1, shapes.len())
            }
            ("has" | "contains" | "startsWith" | "endsWith" | "matches", _) => {
                misplaced(node, &call.func_name)
            }
            (other, _) => unknown(node, other),
        }
    }

    fn logic(&self, call: &CallExpr, shapes: &[Shape], sign: &str, work: Work) -> Checked {
        self.flags(&call.args, shapes, sign)?;
        Ok((Shape::scalar(Kind::Flag), work))
    }

    fn flags(&self, nodes: &[IdedExpr], shapes: &[Shape], sign: &str) -> Result<(), super::check::Fault> {
        nodes.iter().zip(shapes).try_for_each(|(node, shape)| wants(node, shape, &[Kind::Flag], sign))
    }

    /// Calls of the form `text.contains("x")`.
    fn member(&mut self, node: &IdedExpr, call: &CallExpr, target: &IdedExpr) -> Checked {
        let name = call.func_name.as_str();
        let wanted = match name {
            "contains" | "startsWith" | "endsWith" | "matches" => 1,
            "size" => 0,
            "all" | "exists" | "exists_one" | "existsOne" | "filter" | "map" => {
                return fault(node, format!("`{name}` is written as `list.{name}(each, condition)`"));
            }
            "int" | "double" | "string" | "bool" | "has" => return misplaced(node, name),
            other => return unknown(node, other),
        };
        if call.args.len() != wanted {
            return arity(node, name, wanted, call.args.len());
        }
        let (of, own) = self.visit(target)?;
        let (shapes, work) = self.arguments(call)?;
        let work = work.and(own);
        let Some(other) = shapes.first() else {
            return size(target, &of, work);
        };
        wants(target, &of, &[Kind::Text], name)?;
        wants(&call.args[0], other, &[Kind::Text], name)?;
        let mut work = work.and(Work::reading(of.bytes));
        if name == "matches" {
            let Expr::Literal(LiteralValue::String(pattern)) = &call.args[0].expr else {
                return fault(&call.args[0], "the pattern of `matches` is written out, not computed");
            };
            if let Err(why) = Pattern::new(pattern.inner()) {
                return fault(&call.args[0], why);
            }
            work = work.and(Work { steps: PATTERN_STEPS + of.bytes / 8, bytes: 0 });
        }
        Ok((Shape::scalar(Kind::Flag), work))
    }

    fn math(&mut self, node: &IdedExpr, call: &CallExpr) -> Checked {
        let (name, full) = (call.func_name.as_str(), format!("math.{}", call.func_name));
        let (takes, gives): (&[Kind], Option<Kind>) = match name {
            "abs" | "sign" => (&[Kind::Whole, Kind::Real], None),
            "ceil" | "floor" | "round" | "trunc" => (&[Kind::Real], Some(Kind::Real)),
            "isNaN" | "isInf" | "isFinite" => (&[Kind::Real], Some(Kind::Flag)),
            _ => return unknown(node, &full),
        };
        let [argument] = call.args.as_slice() else {
            return arity(node, &full, 1, call.args.len());
        };
        let (shapes, work) = self.arguments(call)?;
        wants(argument, &shapes[0], takes, &full)?;
        Ok((Shape::scalar(gives.unwrap_or(shapes[0].kind)), work))
    }
}

fn wants(node: &IdedExpr, shape: &Shape, kinds: &[Kind], what: &str) -> Result<(), super::check::Fault> {
    if shape.kind.may_be(kinds) {
        return Ok(());
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let hint = if kinds == [Kind::Real] && shape.kind == Kind::Whole { "; write double(...)" } else { "" };
    let (names, kind) = (names.join(" or "), shape.kind.name());
    fault(node, format!("`{what}` wants {names}, and this is {kind}{hint}"))
}

fn arity<T>(node: &IdedExpr, name: &str, wanted: usize, given: usize) -> Result<T, super::check::Fault> {
    let values = if wanted == 1 { "value" } else { "values" };
    fault(node, format!("`{name}` takes {wanted} {values} in its brackets, not {given}"))
}

fn misplaced<T>(node: &IdedExpr, name: &str) -> Result<T, super::check::Fault> {
    let form = match name {
        "has" => "has(p.threshold)".to_owned(),
        "int" | "double" | "string" | "bool" => format!("{name}(value)"),
        _ => format!("text.{name}(\"part\")"),
    };
    fault(node, format!("`{name}` is written as `{form}`"))
}

fn unknown<T>(node: &IdedExpr, name: &str) -> Result<T, super::check::Fault> {
    fault(node, format!("there is no `{name}` in the rule language; it has {FUNCTIONS}"))
}

fn mismatch<T>(node: &IdedExpr, a: &Shape, b: &Shape, sign: &str) -> Result<T, super::check::Fault> {
    let (left, right) = (a.kind.name(), b.kind.name());
    let hint = if a.kind.is_number() && b.kind.is_number() && a.kind != b.kind {
        "; write double(...) around the whole number"
    } else {
        ""
    };
    fault(node, format!("`{sign}` cannot take {left} and {right}{hint}"))
}

fn equality(node: &IdedExpr, a: &Shape, b: &Shape, sign: &str, work: Work) -> Checked {
    if !a.kind.may_equal(b.kind) || a.kind == Kind::Entries || b.kind == Kind::Entries {
        return mismatch(node, a, b, sign);
    }
    let read = Work::reading(a.bytes.min(b.bytes)).and(Work::reading(a.items.min(b.items) * 64));
    Ok((Shape::scalar(Kind::Flag), work.and(read)))
}

fn order(node: &IdedExpr, a: &Shape, b: &Shape, sign: &str, work: Work) -> Checked {
    let comparable = |shape: &Shape| shape.kind.may_be(&[Kind::Flag, Kind::Whole, Kind::Real, Kind::Text]);
    if !comparable(a) || !comparable(b) || !a.kind.may_equal(b.kind) {
        return mismatch(node, a, b, sign);
    }
    Ok((Shape::scalar(Kind::Flag), work.and(Work::reading(a.bytes.min(b.bytes)))))
}

/// The kind that both sides have, where it is one of `kinds` or not known.
fn common(a: &Shape, b: &Shape, kinds: &[Kind]) -> Option<Kind> {
    let kind = if a.kind == Kind::Any { b.kind } else { a.kind };
    let agree = b.kind == Kind::Any || b.kind == kind;
    (agree && kind.may_be(kinds)).then_some(kind)
}

fn arithmetic(node: &IdedExpr, a: &Shape, b: &Shape, sign: &str, work: Work) -> Checked {
    match common(a, b, &[Kind::Whole, Kind::Real]) {
        Some(kind) => Ok((Shape::scalar(kind), work)),
        None => mismatch(node, a, b, sign),
    }
}

fn remainder(node: &IdedExpr, a: &Shape, b: &Shape, work: Work) -> Checked {
    match common(a, b, &[Kind::Whole]) {
        Some(kind) => Ok((Shape::scalar(kind), work)),
        None => mismatch(node, a, b, "%"),
    }
}

fn add(node: &IdedExpr, a: &Shape, b: &Shape, work: Work) -> Checked {
    match common(a, b, &[Kind::Whole, Kind::Real, Kind::Text, Kind::List]) {
        Some(kind @ (Kind::Whole | Kind::Real)) => Ok((Shape::scalar(kind), work)),
        Some(kind) => {
            let joined = Shape { kind, ..a.clone().joined(b.clone()) };
            let built = Work::building(joined.bytes).and(Work::reading(joined.items * 64));
            Ok((joined, work.and(built)))
        }
        None => mismatch(node, a, b, "+"),
    }
}

fn inside(node: &IdedExpr, a: &Shape, b: &Shape, work: Work) -> Checked {
    let flag = Shape::scalar(Kind::Flag);
    let held = match b.kind {
        Kind::Entries => Kind::Text,
        Kind::List => b.element.as_deref().map_or(Kind::Any, |element| element.kind),
        Kind::Map => b.key.as_deref().map_or(Kind::Any, |key| key.kind),
        Kind::Any => Kind::Any,
        Kind::Flag | Kind::Whole | Kind::Real | Kind::Text => {
            return fault(node, format!("`in` wants a list to its right, and this is {}", b.kind.name()));
        }
    };
    if !a.kind.may_equal(held) || a.kind == Kind::Entries {
        let (left, held) = (a.kind.name(), held.name());
        return fault(node, format!("`in` looks for {left} where every entry is {held}"));
    }
    let read = match b.kind {
        Kind::Entries | Kind::Map => Work::reading(a.bytes),
        Kind::Any | Kind::Flag | Kind::Whole | Kind::Real | Kind::Text | Kind::List => {
            Work::reading(b.bytes).and(Work { steps: b.items, bytes: 0 })
        }
    };
    Ok((flag, work.and(read)))
}

fn index(node: &IdedExpr, of: &Shape, at: &Shape, work: Work) -> Checked {
    let fits = match of.kind {
        Kind::List => at.kind.may_be(&[Kind::Whole]),
        Kind::Map => at.kind.may_be(&[Kind::Flag, Kind::Whole, Kind::Text]),
        Kind::Any => at.kind.may_be(&[Kind::Flag, Kind::Whole, Kind::Text]),
        Kind::Flag | Kind::Whole | Kind::Real | Kind::Text | Kind::Entries => false,
    };
    if !fits {
        let (of, at) = (of.kind.name(), at.kind.name());
        return fault(node, format!("`[ ]` cannot look up {at} in {of}"));
    }
    Ok((of.element(), work.and(Work::reading(at.bytes))))
}

fn size(node: &IdedExpr, of: &Shape, work: Work) -> Checked {
    wants(node, of, &[Kind::Text, Kind::List, Kind::Map, Kind::Entries], "size")?;
    Ok((Shape::scalar(Kind::Whole), work.and(Work::reading(of.bytes))))
}

fn convert(node: &IdedExpr, to: &str, of: &Shape, work: Work) -> Checked {
    let (takes, gives): (&[Kind], Shape) = match to {
        "int" => (&[Kind::Whole, Kind::Real, Kind::Text], Shape::scalar(Kind::Whole)),
        "double" => (&[Kind::Whole, Kind::Real, Kind::Text], Shape::scalar(Kind::Real)),
        "bool" => (&[Kind::Flag, Kind::Text], Shape::scalar(Kind::Flag)),
        _ => (
            &[Kind::Flag, Kind::Whole, Kind::Real, Kind::Text],
            Shape::of(Kind::Text, of.bytes.max(NUMBER_TEXT_BYTES)),
        ),
    };
    wants(node, of, takes, to)?;
    let built = Work::building(if gives.kind == Kind::Text { gives.bytes } else { 0 });
    Ok((gives, work.and(built).and(Work::reading(of.bytes))))
}

fn extreme(call: &CallExpr, shapes: &[Shape], work: Work) -> Checked {
    let name = if call.func_name == GREATEST { "math.greatest" } else { "math.least" };
    let numbers = [Kind::Whole, Kind::Real];
    let [only] = shapes else {
        call.args.iter().zip(shapes).try_for_each(|(node, shape)| wants(node, shape, &numbers, name))?;
        let joined = shapes.iter().cloned().reduce(Shape::or).unwrap_or(Shape::scalar(Kind::Any));
        return Ok((joined, work));
    };
    wants(&call.args[0], only, &[Kind::Whole, Kind::Real, Kind::List], name)?;
    if only.kind != Kind::List {
        return Ok((only.clone(), work));
    }
    let element = only.element();
    if !element.kind.may_be(&numbers) {
        let kind = element.kind.name();
        return fault(&call.args[0], format!("`{name}` wants numbers, and an entry is {kind}"));
    }
    Ok((element, work.and(Work { steps: only.items, bytes: 0 })))
}
