//! What is known of a value before an expression runs: its kind, and how large it can get.

use crate::rule::Parameter;

/// Longest text of a fact, in bytes: the adapters of the banks cut at 200 characters of up to 4 bytes.
const FACT_BYTES_MAX: u64 = 800;

/// What a number, a flag or an element's box takes, in bytes.
const SCALAR_BYTES: u64 = 16;

/// Longest text that `string` makes of a number, in bytes: the largest decimal one has 309 digits.
pub(super) const NUMBER_TEXT_BYTES: u64 = 330;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not known before it runs.
    Any,
    Flag,
    Whole,
    Real,
    Text,
    List,
    Map,
    /// A named list.
    Entries,
}

impl Kind {
    /// As an ops lead would say it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Any => "any value",
            Kind::Flag => "true or false",
            Kind::Whole => "a whole number",
            Kind::Real => "a decimal number",
            Kind::Text => "text",
            Kind::List => "a list",
            Kind::Map => "a map",
            Kind::Entries => "a named list",
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Kind::Whole | Kind::Real)
    }

    pub(super) fn may_be(self, kinds: &[Kind]) -> bool {
        self == Kind::Any || kinds.contains(&self)
    }

    /// Whether `==` can ever hold between the two.
    pub(super) fn may_equal(self, other: Kind) -> bool {
        self == other || self == Kind::Any || other == Kind::Any || (self.is_number() && other.is_number())
    }
}

/// A value's kind with its worst case.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// Everything it holds, in bytes.
    pub(super) bytes: u64,
    /// Elements of a list or a map, at most.
    pub(super) items: u64,
    /// Any element of a list, any value of a map.
    pub(super) element: Option<Box<Shape>>,
    /// Any key of a map.
    pub(super) key: Option<Box<Shape>>,
}

impl Shape {
    pub(super) fn of(kind: Kind, bytes: u64) -> Self {
        Shape { kind, bytes, items: 0, element: None, key: None }
    }

    pub(super) fn scalar(kind: Kind) -> Self {
        Shape::of(kind, SCALAR_BYTES)
    }

    pub(super) fn text(bytes: usize) -> Self {
        Shape::of(Kind::Text, u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(SCALAR_BYTES))
    }

    /// It could be anything, so it could have as many elements as it has bytes.
    fn unknown(bytes: u64) -> Self {
        Shape { items: bytes, ..Shape::of(Kind::Any, bytes) }
    }

    /// A fact by the kind that the catalogue gives it.
    pub(super) fn of_fact(kind: &str) -> Self {
        match kind {
            "bool" => Shape::scalar(Kind::Flag),
            "int" => Shape::scalar(Kind::Whole),
            "string" => Shape::of(Kind::Text, FACT_BYTES_MAX),
            _ => Shape::unknown(FACT_BYTES_MAX),
        }
    }

    /// Parameters are saved with their rule, so their true sizes are known.
    pub(super) fn of_parameter(parameter: &Parameter) -> Self {
        match parameter {
            Parameter::Flag(_) => Shape::scalar(Kind::Flag),
            Parameter::Whole(_) => Shape::scalar(Kind::Whole),
            Parameter::Real(_) => Shape::scalar(Kind::Real),
            Parameter::Text(text) => Shape::text(text.len()),
            Parameter::Words(words) => {
                let longest = words.iter().map(String::len).max().unwrap_or(0);
                Shape::list(Shape::text(longest), words.len())
            }
        }
    }

    pub(super) fn list(element: Shape, items: usize) -> Self {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        let bytes = SCALAR_BYTES.saturating_add(element.bytes.saturating_mul(items));
        Shape { kind: Kind::List, bytes, items, element: Some(Box::new(element)), key: None }
    }

    pub(super) fn empty_list() -> Self {
        Shape::of(Kind::List, SCALAR_BYTES)
    }

    /// The same list made `times` over, one after the other.
    pub(super) fn repeated(self, times: u64) -> Self {
        let (bytes, items) = (self.bytes.saturating_mul(times), self.items.saturating_mul(times));
        Shape { bytes, items, ..self }
    }

    /// What indexing or looping over it can give; nothing is known of an element of an unknown value.
    pub(super) fn element(&self) -> Shape {
        self.element.as_deref().cloned().unwrap_or(Shape::unknown(self.bytes.max(self.items)))
    }

    /// What a loop over it binds: elements of a list, keys of a map.
    pub(super) fn looped(&self) -> Shape {
        match self.kind {
            Kind::Map => self.key.as_deref().cloned().unwrap_or(Shape::unknown(self.bytes)),
            Kind::Any | Kind::Flag | Kind::Whole | Kind::Real | Kind::Text | Kind::List | Kind::Entries => {
                self.element()
            }
        }
    }

    /// Either of the two.
    pub(super) fn or(self, other: Shape) -> Shape {
        let join = |a: Option<Box<Shape>>, b: Option<Box<Shape>>| match (a, b) {
            (Some(a), Some(b)) => Some(Box::new(a.or(*b))),
            (some, None) | (None, some) => some,
        };
        Shape {
            kind: if self.kind == other.kind { self.kind } else { Kind::Any },
            bytes: self.bytes.max(other.bytes),
            items: self.items.max(other.items),
            element: join(self.element, other.element),
            key: join(self.key, other.key),
        }
    }

    /// The two lists or texts one after the other.
    pub(super) fn joined(self, other: Shape) -> Shape {
        let bytes = self.bytes.saturating_add(other.bytes);
        let items = self.items.saturating_add(other.items);
        Shape { bytes, items, ..self.or(other) }
    }
}

/// What an expression can cost at most.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    /// Nodes visited, with long texts and lists counted by what is read of them.
    pub(super) steps: u64,
    /// Everything built on the way, in bytes.
    pub(super) bytes: u64,
}

impl Work {
    /// One step that also reads `bytes`.
    pub(super) fn reading(bytes: u64) -> Self {
        /// A comparison reads so much in the time of one step.
        const BYTES_PER_STEP: u64 = 64;
        Work { steps: 1 + bytes / BYTES_PER_STEP, bytes: 0 }
    }

    pub(super) fn building(bytes: u64) -> Self {
        Work { bytes, ..Work::reading(bytes) }
    }

    pub(super) fn and(self, other: Work) -> Self {
        Work { steps: self.steps.saturating_add(other.steps), bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(super) fn times(self, times: u64) -> Self {
        Work { steps: self.steps.saturating_mul(times), bytes: self.bytes.saturating_mul(times) }
    }
}
