//! Records about people: shoppers, their shifts and cards, customers and what happened with them.

use super::check::{self, Check, Problem};
use crate::ids::{CardId, CustomerId, OrderId, RecordId, ShopperId};
use crate::time::UnixMs;
use crate::{card_number, ids};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person who buys customers' orders with a company card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Shopper {
    pub id: ShopperId,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for Shopper {
    fn check(&self) -> Result<(), Problem> {
        check::text("name", &self.name)
    }
}

/// One rostered stretch of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Shift {
    pub id: RecordId,
    pub shopper_id: ShopperId,
    pub starts_at: UnixMs,
    pub ends_at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for Shift {
    fn check(&self) -> Result<(), Problem> {
        if self.ends_at > self.starts_at {
            Ok(())
        } else {
            Err(Problem::field("ends_at", "must be after starts_at"))
        }
    }
}

/// A company card; `id` is the bank's, `other_ids` are further ids its events use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    pub id: CardId,
    /// First six and last four digits: `422254XXXXXX7072`.
    pub masked_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shopper_id: Option<ShopperId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, deserialize_with = "ids::null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub other_ids: Vec<CardId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

/// More other ids than a card can sensibly have.
const OTHER_IDS_MAX: usize = 16;

impl Check for Card {
    fn check(&self) -> Result<(), Problem> {
        if !card_number::is_masked(&self.masked_number) {
            return Err(Problem::field(
                "masked_number",
                "expected first six and last four digits: 422254XXXXXX7072",
            ));
        }
        if self.other_ids.len() > OTHER_IDS_MAX {
            return Err(Problem::field("other_ids", format!("at most {OTHER_IDS_MAX} other ids")));
        }
        Ok(())
    }
}

/// A customer's profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    pub id: CustomerId,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    pub created_at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_updated_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_spend_cents: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_basket_cents: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for Customer {
    fn check(&self) -> Result<(), Problem> {
        check::text("name", &self.name)?;
        check::place(self.lat, self.lng, "")?;
        check::optional_cents("total_spend_cents", self.total_spend_cents)?;
        check::optional_cents("total_basket_cents", self.total_basket_cents)
    }
}

/// A customer's complaint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Complaint {
    pub id: RecordId,
    pub customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    #[serde(rename = "type")]
    pub complaint_type: String,
    #[serde(default, deserialize_with = "ids::null_as_empty")]
    pub images_required: bool,
    #[serde(default, deserialize_with = "ids::null_as_empty")]
    pub images_received: bool,
    pub at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for Complaint {
    fn check(&self) -> Result<(), Problem> {
        check::text("type", &self.complaint_type)
    }
}

/// Money given back to a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Compensation {
    pub id: RecordId,
    pub customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    pub complaint_type: String,
    pub amount_cents: i64,
    pub at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorized_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for Compensation {
    fn check(&self) -> Result<(), Problem> {
        check::text("complaint_type", &self.complaint_type)?;
        check::cents("amount_cents", self.amount_cents)
    }
}

/// An exception made on an order, by hand or by the system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Exception {
    pub id: RecordId,
    pub order_id: OrderId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    #[serde(default, deserialize_with = "ids::null_as_empty")]
    pub manual: bool,
    pub at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for Exception {
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}

/// Where we deliver: a closed polygon of `[longitude, latitude]` points, in degrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryArea {
    pub id: RecordId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub polygon: Vec<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

/// A polygon with more points than this is a survey, not a delivery area.
const POLYGON_POINTS_MAX: usize = 10_000;

impl Check for DeliveryArea {
    fn check(&self) -> Result<(), Problem> {
        if !(3..=POLYGON_POINTS_MAX).contains(&self.polygon.len()) {
            return Err(Problem::field("polygon", format!("needs 3 to {POLYGON_POINTS_MAX} points")));
        }
        self.polygon
            .iter()
            .enumerate()
            .try_for_each(|(i, [lng, lat])| check::place(Some(*lat), Some(*lng), &format!("polygon[{i}].")))
    }
}
