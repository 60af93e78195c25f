//! What an expression can call and read: CEL's standard functions, patterns compiled once, and the variables.

use crate::facts;
use crate::lists::{Entries, Lists};
use cel::common::traits::Sizer;
use cel::common::types::{CelBool, CelInt, CelString, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::context::VariableResolver;
use cel::{DeclarationError, Env};
use regex::{Regex, RegexBuilder};
use std::any::Any;
use std::sync::{Arc, LazyLock};

/// Longest pattern of `matches`, in characters: one that is longer belongs into a named list.
pub const PATTERN_CHARS_MAX: usize = 200;

/// Largest compiled pattern, in bytes: `(.{500}){500}` is short to write and would take megabytes.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// How deep groups may stand in a pattern; its parser recurses.
const PATTERN_DEEP_MAX: u32 = 20;

/// Name of a call that `matches` is rewritten to; `@` cannot be written in an expression.
pub(super) const MATCHES_PATTERN: &str = "@matches";
const PATTERN_VARIABLE: &str = "@pattern";

/// A pattern compiled when the rule is: compiling it at every swipe would take longer than all other work.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl Pattern {
    pub(super) fn new(source: &str) -> Result<Self, String> {
        if source.chars().count() > PATTERN_CHARS_MAX {
            return Err(format!("a pattern may have at most {PATTERN_CHARS_MAX} characters"));
        }
        let built = RegexBuilder::new(source)
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .nest_limit(PATTERN_DEEP_MAX)
            .build();
        built.map(Pattern).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern repeats too much".to_owned(),
            other => {
                let last = other.to_string();
                format!("not a pattern: {}", last.lines().last().unwrap_or_default().trim())
            }
        })
    }
}

static PATTERN: Type = Type::new_unspecified_type("pattern");

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &PATTERN
    }

    fn cel_type() -> &'static Type {
        &PATTERN
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}

fn matches_pattern(text: &CelString<'_>, pattern: &Pattern) -> CelBool {
    pattern.0.is_match(text.inner()).into()
}

fn size_of_entries(entries: &Entries) -> CelInt {
    entries.size()
}

fn extended() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_extension(cel::extensions::math)?;
    cel::add_overload!(env, fn matches_pattern: (CelString, Pattern) -> CelBool,
        name = "@matches", id = "matches_pattern")?;
    cel::add_overload!(env, fn size_of_entries: (Entries) -> CelInt, name = "size", id = "size_entries")?;
    cel::add_member_overload!(env, fn size_of_entries: (Entries) -> CelInt,
        name = "size", id = "entries_size")?;
    Ok(env)
}

/// CEL's standard functions, its math extension and ours; built once.
pub(super) fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
        let env = extended().unwrap_or_else(|error| panic!("the functions' names are all distinct: {error}"));
        Arc::new(env)
    });
    ENVIRONMENT.clone()
}

/// The variable that holds a rule's pattern `at`.
pub(super) fn pattern_variable(at: usize) -> String {
    format!("{PATTERN_VARIABLE}{at}")
}

/// Everything one evaluation reads, borrowed: it copies no fact, parameter or list.
pub(super) struct Variables<'a> {
    pub(super) scope: facts::Scope<'a>,
    pub(super) lists: &'a Lists,
    pub(super) patterns: &'a [Pattern],
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if name == "list" {
            return Some(CowVal::Borrowed(self.lists.value()));
        }
        if let Some(at) = name.strip_prefix(PATTERN_VARIABLE) {
            let pattern: &dyn Val = self.patterns.get(at.parse::<usize>().ok()?)?;
            return Some(CowVal::Borrowed(pattern));
        }
        self.scope.resolve(name)
    }
}
