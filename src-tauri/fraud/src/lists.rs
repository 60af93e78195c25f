//! Named lists of entries that rules look things up in, such as `swipe.merchant in list.deny_merchants`.
//!
//! Owns how an entry matches. Must not know where lists are kept or who may edit them.

use cel::ExecutionError;
use cel::common::traits::{Container, Sizer};
use cel::common::types::{CelInt, CelMap, CelMapKey, CelString, Type};
use cel::common::value::{StaticVal, Val};
use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Longest name of a list, in characters: it is written out in expressions.
pub const LIST_NAME_CHARS_MAX: usize = 64;

/// Whether a list may be called so: 1 to 64 of a-z, 0-9 and _.
pub fn is_list_name(name: &str) -> bool {
    (1..=LIST_NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Every named list, as the expressions of one set of rules see them.
#[derive(Debug)]
pub struct Lists {
    sizes: BTreeMap<String, usize>,
    /// A CEL map from names to entries, made once.
    value: CelMap<'static>,
}

impl Default for Lists {
    fn default() -> Self {
        Lists::new(BTreeMap::new())
    }
}

impl Lists {
    /// Lists by name. One whose name is not `is_list_name` can be named by no rule and is left out.
    pub fn new(lists: BTreeMap<String, Vec<String>>) -> Self {
        let lists: BTreeMap<String, Entries> = lists
            .into_iter()
            .filter(|(name, _)| is_list_name(name))
            .map(|(name, entries)| (name, Entries::new(entries)))
            .collect();
        let sizes = lists.iter().map(|(name, entries)| (name.clone(), entries.size)).collect();
        let fields: HashMap<CelMapKey<'static>, Box<dyn Val>> = lists
            .into_iter()
            .map(|(name, entries)| {
                let value: Box<dyn Val> = Box::new(entries);
                (CelMapKey::String(CelString::from(name)), value)
            })
            .collect();
        Lists { sizes, value: CelMap::from(fields) }
    }

    pub fn has(&self, name: &str) -> bool {
        self.sizes.contains_key(name)
    }

    /// Names of all lists with how many entries each has, in order.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.sizes.iter().map(|(name, size)| (name.as_str(), *size))
    }

    pub(crate) fn value(&self) -> &dyn Val {
        &self.value
    }
}

/// One list. It can be asked whether it holds a text, and for its size; no loop can walk it, however long.
#[derive(Clone)]
pub(crate) struct Entries {
    /// Each entry as written and in upper case, the way banks write merchants.
    keys: Arc<HashSet<String>>,
    size: usize,
}

impl Entries {
    fn new(entries: Vec<String>) -> Self {
        let written: HashSet<String> = entries.into_iter().collect();
        let size = written.len();
        let upper: Vec<String> = written.iter().map(|entry| entry.to_uppercase()).collect();
        let mut keys = written;
        keys.extend(upper);
        Entries { keys: Arc::new(keys), size }
    }
}

/// The whole of a list would drown a log.
impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entries({})", self.size)
    }
}

static ENTRIES: Type = Type::new_unspecified_type("named list");

impl Val for Entries {
    fn get_type(&self) -> &Type {
        &ENTRIES
    }

    fn cel_type() -> &'static Type {
        &ENTRIES
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Entries {}

impl Container for Entries {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        let text = value
            .downcast_ref::<CelString>()
            .ok_or_else(|| ExecutionError::function_error("in", "a named list holds text only"))?;
        Ok(self.keys.contains(text.inner()))
    }
}

impl Sizer for Entries {
    fn size(&self) -> CelInt {
        i64::try_from(self.size).unwrap_or(i64::MAX).into()
    }
}
