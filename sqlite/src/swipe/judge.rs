//! Linking one swipe to an order and judging it by the rules; shared by live swipes and relinking.

use super::*;
use crate::writer::Tx;
use fraud::authorization::Swipe;
use fraud::decision::{Decision, decide};
use fraud::explain::Extra;
use fraud::facts::{CardFacts, FactSet, OrderFacts};
use fraud::link::{self, OpenOrder};
use fraud::merchant::{MerchantMatch, PreparedStore};

/// What linking and judging one swipe against given orders comes to; shared with relinking.
pub(crate) struct Judged {
    pub decision: Decision,
    pub facts: FactSet,
    pub order_id: Option<String>,
}

pub(crate) fn judge(
    tx: &Tx<'_>,
    swipe: &Swipe,
    card: CardFacts,
    counts_cents: i64,
    orders: &[OpenOrder],
    orders_near: usize,
) -> Judged {
    let (stores, merchant) = (&tx.versions.stores, &swipe.merchant);
    let compare = |order: &OpenOrder| {
        stores.get(&order.store_id).map(|_| stores.compare(&merchant.name, &merchant.city, &order.store_id))
    };
    let at = swipe.effective_at();
    let chosen = link::choose(orders, at, swipe.amount_cents, tolerance(&tx.versions.rules), compare);
    let at_order_store = chosen.and_then(|(_, matched)| matched).is_some_and(MerchantMatch::is_match);
    // Only a merchant that is not the order's store need be looked for among all of them.
    let best: Option<(&PreparedStore, MerchantMatch)> =
        if at_order_store { None } else { stores.best(&merchant.name, &merchant.city) };
    let store = chosen.and_then(|(order, _)| stores.get(&order.store_id));
    let order_facts = chosen.map(|(order, merchant_match)| OrderFacts {
        order,
        merchant_match,
        store_is_liquor: store.is_some_and(PreparedStore::liquor),
        counts_cents,
    });
    let partner = at_order_store || best.is_some();
    let facts = FactSet::of_swipe(swipe, card, order_facts, partner);
    let extra = Extra {
        at: Some(at),
        order_id: chosen.map(|(order, _)| order.order_id.as_str()),
        store_name: store.map(PreparedStore::name),
        other_store: best.map(|(store, how)| (store.name(), how)),
        orders_near,
    };
    let decision = decide(&tx.versions.rules, &facts, &extra);
    Judged { decision, facts, order_id: chosen.map(|(order, _)| order.order_id.clone()) }
}
