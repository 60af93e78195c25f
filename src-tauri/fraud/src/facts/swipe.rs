//! The facts of one swipe, made of what the store found.

use super::Fact;
use crate::authorization::Swipe;
use crate::history::{CardHistory, LIQUOR_TILL, Roster};
use crate::link::{Goods, OpenOrder};
use crate::merchant::MerchantMatch;
use crate::time::{HOUR_MS, SAST_OFFSET_MS, SECOND_MS, UnixMs};
use crate::travel::Travel;

/// What we know of the card when it is swiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardFacts {
    pub known: bool,
    pub deactivated: bool,
    pub has_shopper: bool,
}

/// Which category codes an order's goods make ordinary.
fn covers_category(code: &str, goods: Goods, at_liquor_store: bool) -> bool {
    match code {
        "5921" => goods.liquor || at_liquor_store,
        "5993" => goods.tobacco,
        "4812" | "4814" => goods.airtime,
        _ => false,
    }
}

/// The order a swipe was linked to, as the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct OrderFacts<'a> {
    pub order: &'a OpenOrder,
    /// How the merchant matches the order's store; `None` where the store is unknown.
    pub merchant_match: Option<MerchantMatch>,
    pub store_is_liquor: bool,
    /// What this swipe counts against the order, in cents: its amount, less what was reversed since.
    pub counts_cents: i64,
    /// How far the order's sum may exceed its value and still be accounted for, in cents.
    pub tolerated_cents: i64,
}

impl OrderFacts<'_> {
    fn at_store(&self) -> bool {
        self.merchant_match.is_some_and(MerchantMatch::is_match)
    }

    fn total_cents(&self) -> i64 {
        self.order.spent_cents.saturating_add(self.counts_cents)
    }

    /// Whether the order accounts for the swipe: at its store, within its value, the first of its till.
    fn backs(&self, liquor_till: bool) -> bool {
        self.at_store()
            && self.total_cents() <= self.order.value_cents.saturating_add(self.tolerated_cents)
            && self.order.used.is_first(liquor_till)
    }
}

/// All that the facts of a swipe are made of.
#[derive(Debug, Clone, Copy)]
pub struct SwipeInputs<'a> {
    pub swipe: &'a Swipe,
    pub card_id: &'a str,
    pub shopper_id: Option<&'a str>,
    pub card: CardFacts,
    pub order: Option<OrderFacts<'a>>,
    /// The merchant matches some partner store, if only by the chain.
    pub partner: bool,
    /// The partner store that the merchant names more surely than by the chain.
    pub store_id: Option<&'a str>,
    pub roster: Roster,
    pub history: &'a CardHistory,
    pub travel: Option<&'a Travel>,
    /// The currency in which orders are valued; swipes in another count in no window.
    pub home_currency: &'a str,
}

fn seconds_up(ms: i64) -> i64 {
    ms.max(0).saturating_add(SECOND_MS - 1) / SECOND_MS
}

/// Every fact of a swipe.
pub(super) fn values(inputs: &SwipeInputs<'_>) -> Values {
    let mut values = Vec::with_capacity(super::CATALOGUE.len());
    own(inputs.swipe, &mut values);
    card_facts(inputs, &mut values);
    order_facts(inputs, &mut values);
    merchant_facts(inputs, &mut values);
    shift_facts(inputs.roster, &mut values);
    velocity_facts(inputs, &mut values);
    travel_facts(inputs.travel, &mut values);
    values
}

pub(super) type Values = Vec<(&'static str, Fact)>;

/// The facts that stand in the swipe itself.
pub(super) fn own(swipe: &Swipe, values: &mut Values) {
    let hour = (swipe.effective_at().0 + SAST_OFFSET_MS).div_euclid(HOUR_MS).rem_euclid(24);
    values.extend([
        ("swipe.amount_cents", Fact::Whole(swipe.amount_cents)),
        ("swipe.currency", Fact::Text(swipe.currency.clone())),
        ("swipe.country", Fact::Text(swipe.merchant.country.clone())),
        ("swipe.category", Fact::Text(swipe.merchant.category_code.clone())),
        ("swipe.merchant", Fact::Text(swipe.merchant.name.clone())),
        ("swipe.city", Fact::Text(swipe.merchant.city.clone())),
        ("swipe.hour", Fact::Whole(hour)),
        ("swipe.simulated", Fact::Flag(swipe.simulated)),
        ("swipe.clock_suspect", Fact::Flag(swipe.clock_suspect())),
        ("swipe.full_card_number", Fact::Flag(swipe.had_full_card_number)),
    ]);
}

fn card_facts(inputs: &SwipeInputs<'_>, values: &mut Values) {
    values.extend([
        ("card.id", Fact::Text(inputs.card_id.to_owned())),
        ("card.shopper_id", Fact::Text(inputs.shopper_id.unwrap_or_default().to_owned())),
        ("card.known", Fact::Flag(inputs.card.known)),
        ("card.deactivated", Fact::Flag(inputs.card.deactivated)),
        ("card.has_shopper", Fact::Flag(inputs.card.has_shopper)),
    ]);
}

fn order_facts(inputs: &SwipeInputs<'_>, values: &mut Values) {
    let (swipe, order) = (inputs.swipe, inputs.order);
    let at = swipe.effective_at();
    let (value, spent) = order.map_or((0, 0), |o| (o.order.value_cents, o.order.spent_cents));
    let total = order.map_or(swipe.amount_cents, |o| o.total_cents());
    let covers = order
        .is_some_and(|o| covers_category(&swipe.merchant.category_code, o.order.goods, o.store_is_liquor));
    let ended = |end: Option<UnixMs>| end.filter(|end| *end <= at);
    let completed = order.and_then(|o| ended(o.order.completed_at));
    let cancelled = order.is_some_and(|o| ended(o.order.cancelled_at).is_some());
    let swipes = order.map_or(0, |o| {
        o.order.used.split_count(swipe.merchant.category_code == LIQUOR_TILL, o.order.goods.liquor)
    });
    let text =
        |get: fn(&OpenOrder) -> &String| Fact::Text(order.map_or_else(String::new, |o| get(o.order).clone()));
    values.extend([
        ("order.id", text(|order| &order.order_id)),
        ("order.store_id", text(|order| &order.store_id)),
        ("order.found", Fact::Flag(order.is_some())),
        ("order.value_cents", Fact::Whole(value)),
        ("order.spent_cents", Fact::Whole(spent)),
        ("order.total_cents", Fact::Whole(total)),
        ("order.over_cents", Fact::Whole(total.saturating_sub(value))),
        ("order.covers_category", Fact::Flag(covers)),
        ("order.completed", Fact::Flag(completed.is_some())),
        ("order.cancelled", Fact::Flag(cancelled)),
        (
            "order.seconds_since_completion",
            Fact::Whole(completed.map_or(0, |completed| seconds_up(at.since(completed)))),
        ),
        ("order.swipes_30m", Fact::Whole(swipes)),
    ]);
}

fn merchant_facts(inputs: &SwipeInputs<'_>, values: &mut Values) {
    let matched = inputs.order.and_then(|o| o.merchant_match);
    values.extend([
        ("merchant.store_id", Fact::Text(inputs.store_id.unwrap_or_default().to_owned())),
        ("merchant.partner", Fact::Flag(inputs.partner)),
        ("merchant.comparable", Fact::Flag(matched.is_some())),
        ("merchant.is_order_store", Fact::Flag(matched.is_some_and(MerchantMatch::is_match))),
        ("merchant.match", Fact::Text(matched.map_or("unknown_store", MerchantMatch::as_str).into())),
    ]);
}

fn shift_facts(roster: Roster, values: &mut Values) {
    values.extend([
        ("shift.rostered", Fact::Flag(roster.rostered)),
        ("shift.off_seconds", Fact::Whole(seconds_up(roster.off_ms))),
        ("shift.overtime", Fact::Flag(roster.overtime)),
        ("shift.swap", Fact::Flag(roster.swap)),
    ]);
}

fn velocity_facts(inputs: &SwipeInputs<'_>, values: &mut Values) {
    let swipe = inputs.swipe;
    let backed = inputs.order.is_some_and(|o| o.backs(swipe.merchant.category_code == LIQUOR_TILL));
    let (mut hour, mut day) = (inputs.history.hour, inputs.history.day);
    if swipe.currency == inputs.home_currency {
        hour.add(swipe.amount_cents, backed);
        day.add(swipe.amount_cents, backed);
    }
    values.extend([
        ("velocity.backed", Fact::Flag(backed)),
        ("velocity.swipes_1h", Fact::Whole(hour.swipes)),
        ("velocity.backed_swipes_1h", Fact::Whole(hour.backed_swipes)),
        ("velocity.cents_1h", Fact::Whole(hour.cents)),
        ("velocity.backed_cents_1h", Fact::Whole(hour.backed_cents)),
        ("velocity.swipes_24h", Fact::Whole(day.swipes)),
        ("velocity.backed_swipes_24h", Fact::Whole(day.backed_swipes)),
        ("velocity.cents_24h", Fact::Whole(day.cents)),
        ("velocity.backed_cents_24h", Fact::Whole(day.backed_cents)),
    ]);
}

fn travel_facts(travel: Option<&Travel>, values: &mut Values) {
    values.extend([
        ("travel.known", Fact::Flag(travel.is_some())),
        ("travel.metres", Fact::Whole(travel.map_or(0, |t| t.metres))),
        ("travel.seconds", Fact::Whole(travel.map_or(0, |t| t.elapsed_ms / SECOND_MS))),
        ("travel.from_store", Fact::Text(travel.map_or_else(String::new, |t| t.from_store.clone()))),
    ]);
}
