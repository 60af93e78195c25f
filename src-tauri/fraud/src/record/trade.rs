//! Records about trade: stores, orders, slips and what the bank posted.

use super::check::{self, Check, Problem};
use crate::ids::{self, CardId, CustomerId, OrderId, RecordId, ShopperId, StoreId};
use crate::money::AMOUNT_CENTS_MAX;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    #[default]
    Grocery,
    Liquor,
}

/// A shop where orders are bought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Store {
    pub id: StoreId,
    pub name: String,
    #[serde(default, deserialize_with = "ids::null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub merchant_aliases: Vec<String>,
    #[serde(default, deserialize_with = "ids::null_as_empty")]
    pub kind: StoreKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    /// False for a shop we know but do not buy at.
    #[serde(default = "partner_default", deserialize_with = "null_as_partner")]
    pub partner: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

fn partner_default() -> bool {
    true
}

fn null_as_partner<'de, D: serde::Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(Option::<bool>::deserialize(d)?.unwrap_or_else(partner_default))
}

impl Check for Store {
    fn check(&self) -> Result<(), Problem> {
        check::text("name", &self.name)?;
        check::place(self.lat, self.lng, "")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Placed,
    Picking,
    Purchased,
    Delivered,
    Cancelled,
    Abandoned,
}

impl OrderStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            OrderStatus::Placed => "placed",
            OrderStatus::Picking => "picking",
            OrderStatus::Purchased => "purchased",
            OrderStatus::Delivered => "delivered",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Abandoned => "abandoned",
        }
    }
}

/// One line of an order. Weighed goods have fractional quantities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Item {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    pub quantity: f64,
    pub unit_price_cents: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplied_quantity: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CouponType {
    Ftb,
    Marketing,
    CustomerService,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Coupon {
    pub code: String,
    #[serde(rename = "type")]
    pub coupon_type: CouponType,
    #[serde(default, deserialize_with = "ids::null_as_empty")]
    pub discount_cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    Approved,
    Declined,
}

/// One try of a customer's card on an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_on_card: Option<String>,
    pub outcome: PaymentOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    pub at: UnixMs,
}

/// A customer's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Order {
    pub id: OrderId,
    pub customer_id: CustomerId,
    pub store_id: StoreId,
    pub placed_at: UnixMs,
    pub status: OrderStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shopper_id: Option<ShopperId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<UnixMs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<UnixMs>,
    #[serde(default, deserialize_with = "ids::null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Value of the basket before discounts.
    pub basket_cents: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplied_cents: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tip_cents: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon: Option<Coupon>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    #[serde(default, deserialize_with = "ids::null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

/// More lines than any household buys; a longer list is a fault of the sender.
const ITEMS_MAX: usize = 2_000;
const PAYMENTS_MAX: usize = 200;

impl Check for Order {
    fn check(&self) -> Result<(), Problem> {
        if self.items.len() > ITEMS_MAX {
            return Err(Problem::field("items", format!("at most {ITEMS_MAX} items")));
        }
        if self.payments.len() > PAYMENTS_MAX {
            return Err(Problem::field("payments", format!("at most {PAYMENTS_MAX} payments")));
        }
        for (i, item) in self.items.iter().enumerate() {
            check::quantity(&format!("items[{i}].quantity"), item.quantity)?;
            check::signed_cents(&format!("items[{i}].unit_price_cents"), item.unit_price_cents)?;
            if let Some(supplied) = item.supplied_quantity {
                check::quantity(&format!("items[{i}].supplied_quantity"), supplied)?;
            }
        }
        check::cents("basket_cents", self.basket_cents)?;
        check::optional_cents("supplied_cents", self.supplied_cents)?;
        check::signed_cents("tip_cents", self.tip_cents.unwrap_or(0))?;
        check::signed_cents("coupon.discount_cents", self.coupon.as_ref().map_or(0, |c| c.discount_cents))?;
        self.delivery.as_ref().map_or(Ok(()), |d| check::place(d.lat, d.lng, "delivery."))
    }
}

/// One line of a till slip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SlipLine {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_cents: Option<i64>,
}

/// What a till printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Slip {
    pub id: RecordId,
    pub order_ids: Vec<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_id: Option<StoreId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shopper_id: Option<ShopperId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_id: Option<CardId>,
    /// Always positive; `refund` gives the direction.
    pub total_cents: i64,
    #[serde(default, deserialize_with = "ids::null_as_empty")]
    pub refund: bool,
    pub at: UnixMs,
    #[serde(default, deserialize_with = "ids::null_as_empty", skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SlipLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

/// Orders that may share one slip; beyond this the slip is not one trip.
const SLIP_ORDERS_MAX: usize = 50;

impl Check for Slip {
    fn check(&self) -> Result<(), Problem> {
        if self.order_ids.len() > SLIP_ORDERS_MAX {
            return Err(Problem::field("order_ids", format!("at most {SLIP_ORDERS_MAX} orders")));
        }
        if self.lines.len() > ITEMS_MAX {
            return Err(Problem::field("lines", format!("at most {ITEMS_MAX} lines")));
        }
        if !(1..=AMOUNT_CENTS_MAX).contains(&self.total_cents) {
            return Err(Problem::field("total_cents", "must be positive: a refund is told by `refund`"));
        }
        for (i, line) in self.lines.iter().enumerate() {
            check::quantity(&format!("lines[{i}].quantity"), line.quantity.unwrap_or(0.0))?;
            check::signed_cents(&format!("lines[{i}].total_cents"), line.total_cents.unwrap_or(0))?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BankTransactionStatus {
    Pending,
    Posted,
    Reversed,
}

/// A line of the bank's statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BankTransaction {
    pub id: RecordId,
    pub card_id: CardId,
    pub status: BankTransactionStatus,
    pub amount_cents: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_name: Option<String>,
    pub at: UnixMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<UnixMs>,
}

impl Check for BankTransaction {
    fn check(&self) -> Result<(), Problem> {
        check::signed_cents("amount_cents", self.amount_cents)
    }
}
