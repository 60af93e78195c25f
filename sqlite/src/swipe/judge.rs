//! Linking one swipe to an order and judging it by the rules; shared by live swipes and relinking.

use super::*;
use crate::cards::CardRow;
use crate::roster::Around;
use crate::writer::Tx;
use fraud::authorization::Swipe;
use fraud::decision::{Decision, decide};
use fraud::explain::Extra;
use fraud::facts::{CardFacts, FactSet, OrderFacts, SwipeInputs};
use fraud::history::CardHistory;
use fraud::link::{self, OpenOrder};
use fraud::merchant::{MerchantMatch, PreparedStore};
use fraud::travel::{DELIVERY_METRES_MAX, Travel};

/// What the database says of the time before a swipe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Before {
    /// Orders that may be open, with what was spent on them.
    pub orders: Vec<OpenOrder>,
    /// Orders that the shopper has around but not at the time: for the explanation.
    pub orders_near: usize,
    pub card: CardHistory,
    pub roster: Around,
}

/// What linking and judging one swipe comes to.
pub(crate) struct Judged {
    pub decision: Decision,
    pub facts: FactSet,
    pub order_id: Option<String>,
    /// The partner store at which the card credibly was.
    pub place_id: Option<String>,
}

/// Judges a swipe of `card`, of which `counts_cents` count against its order.
pub(crate) fn judge(
    tx: &Tx<'_>,
    swipe: &Swipe,
    card: &CardRow,
    deactivated: bool,
    counts_cents: i64,
    before: &Before,
) -> Judged {
    let (rules, stores, merchant) = (&tx.versions.rules, &tx.versions.stores, &swipe.merchant);
    let compare = |order: &OpenOrder| {
        stores.get(&order.store_id).map(|_| stores.compare(&merchant.name, &merchant.city, &order.store_id))
    };
    let at = swipe.effective_at();
    let chosen = link::choose(&before.orders, at, swipe.amount_cents, tolerance(rules), compare);
    let matched = chosen.and_then(|(_, matched)| matched);
    let at_order_store = matched.is_some_and(MerchantMatch::is_match);
    // Only a merchant that is not the order's store need be looked for among all of them.
    let best: Option<(&PreparedStore, MerchantMatch)> =
        if at_order_store { None } else { stores.best(&merchant.name, &merchant.city) };
    let order = chosen.map(|(order, _)| order);
    let store = order.and_then(|order| stores.get(&order.store_id));
    let here = match (at_order_store, best) {
        (true, _) => store.zip(matched),
        (false, best) => best,
    };
    // A chain without a branch names no place.
    let here = here.filter(|(_, how)| *how != MerchantMatch::BrandOnly).map(|(store, _)| store);
    let travel = here.and_then(|store| travel(tx, store.store_id(), order, &before.card, swipe));
    let facts = FactSet::of_swipe(&SwipeInputs {
        swipe,
        card_id: &card.card_id,
        shopper_id: card.shopper_id.as_deref(),
        card: CardFacts { deactivated, ..card.facts() },
        order: chosen.map(|(order, merchant_match)| OrderFacts {
            order,
            merchant_match,
            store_is_liquor: store.is_some_and(PreparedStore::liquor),
            counts_cents,
            tolerated_cents: tolerated_cents(rules, order.value_cents),
        }),
        partner: at_order_store || best.is_some(),
        store_id: here.map(PreparedStore::store_id),
        roster: before.roster.roster(order, at_order_store),
        history: &before.card,
        travel: travel.as_ref(),
        home_currency: &home_currency(rules),
    });
    let came_from = travel.as_ref().and_then(|travel| stores.get(&travel.from_store));
    let extra = Extra {
        at: Some(at),
        order_id: order.map(|order| order.order_id.as_str()),
        store_name: store.map(PreparedStore::name),
        other_store: best.map(|(store, how)| (store.name(), how)),
        orders_near: before.orders_near,
        travelled: came_from.zip(here).map(|(from, to)| (from.name(), to.name())),
    };
    let decision = decide(rules, &facts, &extra);
    let credible =
        at_order_store || decision.fired.iter().all(|fired| fired.rule != shipped::IMPOSSIBLE_TRAVEL);
    let place_id = here
        .filter(|_| credible)
        .map(|store| store.store_id().to_owned())
        .filter(|id| believed(tx, id, order).is_some());
    Judged { decision, facts, order_id: order.map(|order| order.order_id.clone()), place_id }
}

/// Where a store is, unless its own order's delivery address says that its record is wrong.
fn believed(tx: &Tx<'_>, store_id: &str, order: Option<&OpenOrder>) -> Option<fraud::travel::Place> {
    let place = *tx.versions.places.get(store_id)?;
    let delivered = order.filter(|order| order.store_id == store_id).and_then(|order| order.delivery);
    let near = delivered.is_none_or(|there| place.metres_to(there) <= DELIVERY_METRES_MAX);
    near.then_some(place)
}

/// The way from where the card last was to the store it is at.
fn travel(
    tx: &Tx<'_>,
    store_id: &str,
    order: Option<&OpenOrder>,
    card: &CardHistory,
    swipe: &Swipe,
) -> Option<Travel> {
    let (from_store, then) = card.place.as_ref()?;
    let from = *tx.versions.places.get(from_store)?;
    let to = believed(tx, store_id, order)?;
    let elapsed_ms = swipe.effective_at().since(*then).abs();
    Some(Travel { from_store: from_store.clone(), metres: from.metres_to(to), elapsed_ms })
}
