//! Identifiers chosen by callers: 1 to 128 printable characters, one type per thing they name.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Reads JSON null as the type's empty value: in CONTRACT absent and null mean the same.
///
/// # Errors
/// Those of reading `T` itself.
pub fn null_as_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// Longest identifier a caller may choose, in characters (CONTRACT: 1-128 printable characters).
pub const ID_CHARS_MAX: usize = 128;

/// Why a text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 128 printable characters")]
pub struct BadId;

/// Tells whether `text` may be an identifier.
pub fn is_id(text: &str) -> bool {
    let mut count = 0;
    text.chars().all(|c| {
        count += 1;
        count <= ID_CHARS_MAX
            && !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
    }) && !text.trim().is_empty()
}

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, min_length = 1, max_length = 128)]
        pub struct $name(String);

        impl $name {
            /// Parses an identifier.
            ///
            /// # Errors
            /// `BadId` when it is empty, longer than 128 characters or holds control characters.
            pub fn parse(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                if is_id(&text) { Ok(Self(text)) } else { Err(BadId) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

id_type! {
    /// The bank's card id (CardKey), or one of its other ids until the mapping is known.
    CardId,
    ShopperId,
    StoreId,
    OrderId,
    CustomerId,
    /// Id of an ingested record whose kind has no type of its own yet.
    RecordId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_to_128_printable_characters() {
        for good in ["a", "ord 17", "ünïcode-ID", &"x".repeat(128)] {
            assert!(is_id(good), "{good:?}");
        }
        for bad in ["", " ", "a\nb", "a\0", "zero\u{200b}width", &"x".repeat(129)] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
