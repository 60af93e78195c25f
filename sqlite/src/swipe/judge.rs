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
    let best: Option<(&PreparedStore, MerchantMatch)> = stores.best(&merchant.name, &merchant.city);
    let store = chosen.and_then(|order| stores.get(&order.store_id));
    let order_facts = chosen.map(|order| OrderFacts {
        order,
        merchant_match: compare(order),
        store_is_liquor: store.is_some_and(PreparedStore::liquor),
        counts_cents,
    });
    // A store that the order names is one of ours even where its name fits no other rule.
    let partner =
        best.is_some() || order_facts.is_some_and(|o| o.merchant_match.is_some_and(MerchantMatch::is_match));
    let facts = FactSet::of_swipe(swipe, card, order_facts, partner);
    let extra = Extra {
        at: Some(at),
        order_id: chosen.map(|order| order.order_id.as_str()),
        store_name: store.map(PreparedStore::name),
        other_store: best.map(|(store, how)| (store.name(), how)),
        orders_near,
    };
    let decision = decide(&tx.versions.rules, &facts, &extra);
    Judged { decision, facts, order_id: chosen.map(|order| order.order_id.clone()) }
}
