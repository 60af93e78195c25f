//! A swipe as the bank asks us about it, free of any one bank's wire format.

use crate::ids::CardId;
use crate::time::{DAY_MS, SECOND_MS, UnixMs};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// How far the bank's time may lie from ours before we trust our own (CONTRACT: 24 h).
pub const CLOCK_SUSPECT_MS: i64 = DAY_MS;

/// How long a reference identifies a repeat (CONTRACT: 24 h after the first receipt).
pub const REFERENCE_WINDOW_MS: i64 = DAY_MS;

/// The constant reference of the bank's simulator: such an event is simulated and has no reference.
pub const SIMULATION: &str = "simulation";

/// Where the card was used, as the bank wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Merchant {
    pub name: String,
    pub city: String,
    /// ISO 3166 alpha-2, upper case; empty when the bank sent none.
    pub country: String,
    /// Four digits; `0000` when the bank does not know it.
    pub category_code: String,
}

/// The bank's question, or one of its later reports: the fields are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swipe {
    pub presented_card_id: CardId,
    /// As sent: a reversal or adjustment may carry either sign.
    pub amount_cents: i64,
    /// ISO 4217, upper case.
    pub currency: String,
    pub merchant: Merchant,
    /// Absent when the bank sent none or the constant "simulation".
    pub reference: Option<String>,
    /// The bank's `dateTime`; our receive time where the bank sent none.
    pub occurred_at: UnixMs,
    pub received_at: UnixMs,
    pub simulated: bool,
    /// A full card number was found in a text and cut to first six and last four.
    pub had_full_card_number: bool,
    /// Which calls are the same authorization; see [`repeat_key`].
    pub repeat_key: String,
    /// Digest of the reference, to find other content under the same one.
    pub reference_key: Option<String>,
}

impl Swipe {
    /// Whether the bank's time is too far from ours to be believed.
    pub fn clock_suspect(&self) -> bool {
        clock_suspect(self.occurred_at, self.received_at)
    }

    /// The time by which the swipe is linked to an order: the bank's, unless suspect.
    pub fn effective_at(&self) -> UnixMs {
        effective_at(self.occurred_at, self.received_at)
    }

    /// How long after the first receipt the same content is a repeat, in milliseconds.
    pub fn repeat_window_ms(&self, duplicate_window_secs: i64) -> i64 {
        if self.reference.is_some() { REFERENCE_WINDOW_MS } else { duplicate_window_secs * SECOND_MS }
    }
}

/// Whether the bank's time is too far from our receipt to be believed.
pub fn clock_suspect(occurred_at: UnixMs, received_at: UnixMs) -> bool {
    occurred_at.since(received_at).abs() > CLOCK_SUSPECT_MS
}

/// The bank's time, or our receipt where that is suspect.
pub fn effective_at(occurred_at: UnixMs, received_at: UnixMs) -> UnixMs {
    if clock_suspect(occurred_at, received_at) { received_at } else { occurred_at }
}

/// What makes two calls the same authorization apart from the card, which may go by several ids: reference,
/// cents, currency and merchant; without a reference the category too; simulated and real never the same.
/// Never the bank's time (CONTRACT).
///
/// Keyed with the installation's secret, so that nothing a text held can be guessed back from the digest.
pub fn repeat_key(
    secret: &[u8],
    reference: Option<&str>,
    simulated: bool,
    cents: i64,
    currency: &str,
    merchant: &Merchant,
) -> String {
    let category = if reference.is_some() { "" } else { merchant.category_code.as_str() };
    let name = merchant.name.trim().to_uppercase();
    let kind = if simulated { SIMULATION } else { "real" };
    digest(secret, &[kind, reference.unwrap_or(""), &cents.to_string(), currency, &name, category])
}

/// Digest of a reference alone.
pub fn reference_key(secret: &[u8], reference: &str) -> String {
    digest(secret, &["reference", reference])
}

/// 128 bits suffice to tell a day's events apart, and keep the index small.
const DIGEST_BYTES: usize = 16;

fn digest(secret: &[u8], parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(secret);
    for part in parts {
        // The length goes first so that ("ab", "c") and ("a", "bc") differ.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()[..DIGEST_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(name: &str, category: &str) -> Merchant {
        Merchant { name: name.into(), category_code: category.into(), ..Merchant::default() }
    }

    #[test]
    fn a_repeat_needs_the_same_reference_amount_currency_and_merchant() {
        let key = |r: Option<&str>, c, cur: &str, m: &str, mcc: &str| {
            repeat_key(b"s", r, false, c, cur, &merchant(m, mcc))
        };
        let first = key(Some("r1"), 100, "ZAR", "Makro", "5411");
        assert_eq!(
            first,
            key(Some("r1"), 100, "ZAR", "MAKRO ", "5921"),
            "case, blanks and category do not matter"
        );
        assert_ne!(first, key(Some("r2"), 100, "ZAR", "Makro", "5411"));
        assert_ne!(first, key(Some("r1"), 101, "ZAR", "Makro", "5411"));
        assert_ne!(first, key(Some("r1"), 100, "USD", "Makro", "5411"));
        assert_ne!(first, key(Some("r1"), 100, "ZAR", "Spar", "5411"));
        assert_ne!(key(None, 100, "ZAR", "Makro", "5411"), key(None, 100, "ZAR", "Makro", "5921"));
        let simulated = repeat_key(b"s", None, true, 100, "ZAR", &merchant("Makro", "5411"));
        assert_ne!(
            simulated,
            key(None, 100, "ZAR", "Makro", "5411"),
            "simulated swipes are apart from real ones"
        );
        assert_ne!(first, repeat_key(b"other", Some("r1"), false, 100, "ZAR", &merchant("Makro", "5411")));
    }
}
