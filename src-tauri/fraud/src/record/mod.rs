//! What the order system sends us: one typed record per kind of CONTRACT's ingest table.
//!
//! A record arrives whole and replaces the one before it. Checks here look at one record alone;
//! references to other records may arrive later and are never an error.

mod check;
mod people;
mod trade;

pub use check::Problem;
pub use people::{Card, Compensation, Complaint, Customer, DeliveryArea, Exception, Shift, Shopper};
pub use trade::{
    BankTransaction, BankTransactionStatus, Coupon, CouponType, Delivery, Item, Order, OrderStatus, Payment,
    PaymentOutcome, Slip, SlipLine, Store, StoreKind,
};

use crate::time::UnixMs;
use serde::Serialize;

macro_rules! records {
    ($($variant:ident = $kind:literal),* $(,)?) => {
        /// One ingested record.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Record {
            $($variant($variant)),*
        }

        /// Every kind of record, as named on the wire.
        pub const KINDS: &[&str] = &[$($kind),*];

        impl Record {
            /// The kind's name on the wire.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Record::$variant(_) => $kind),*
                }
            }

            pub fn id(&self) -> &str {
                match self {
                    $(Record::$variant(record) => record.id.as_str()),*
                }
            }

            /// When the sender last changed it; decides between two versions that arrive out of order.
            pub fn updated_at(&self) -> Option<UnixMs> {
                match self {
                    $(Record::$variant(record) => record.updated_at),*
                }
            }

            /// Reads the `data` of one ingest line.
            ///
            /// # Errors
            /// `None` for a kind that does not exist; else the first problem, with its field's path.
            pub fn parse(kind: &str, data: &serde_json::value::RawValue) -> Option<Result<Record, Problem>> {
                Some(match kind {
                    $($kind => check::read::<$variant>(data).map(Record::$variant),)*
                    _ => return None,
                })
            }
        }
    };
}

records! {
    Store = "store",
    Shopper = "shopper",
    Shift = "shift",
    Card = "card",
    Customer = "customer",
    Order = "order",
    Slip = "slip",
    Complaint = "complaint",
    Compensation = "compensation",
    Exception = "exception",
    BankTransaction = "bank_transaction",
    DeliveryArea = "delivery_area",
}

#[cfg(test)]
mod tests;
