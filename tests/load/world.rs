//! Whom the swipes belong to: honest cards with an order each, and some that steal.

use crate::Failure;
use crate::daemon::Daemon;
use serde_json::json;

/// Cards whose shopper has one open order of ample value.
pub const HONEST: u64 = 100_000;
/// Cards without any order; one swipe in a hundred is theirs.
pub const THIEVES: u64 = 200;
const STORES: u64 = 60;
/// Lines in one ingest body.
const LINES: usize = 5_000;

/// Tells the daemon of stores, shoppers, cards and orders.
pub async fn ingest(daemon: &Daemon) -> Result<(), Failure> {
    let now = daemon.now().await?;
    let mut lines = Vec::new();
    for store in 0..STORES {
        lines.push(json!({"kind": "store", "data": {"id": format!("store-{store}"), "name": format!("Makro Place{store}")}}));
    }
    for card in 0..HONEST + THIEVES {
        let shopper = format!("shopper-{card}");
        let masked = format!("422254XXXXXX{:04}", card % 10_000);
        lines.push(json!({"kind": "shopper", "data": {"id": shopper, "name": format!("Shopper {card}")}}));
        lines.push(json!({"kind": "card", "data": {"id": format!("card-{card}"), "masked_number": masked, "shopper_id": shopper}}));
        if card < HONEST {
            lines.push(json!({"kind": "order", "data": {
                "id": format!("order-{card}"), "customer_id": "customer", "store_id": format!("store-{}", card % STORES),
                "shopper_id": shopper, "placed_at": now, "status": "picking", "basket_cents": 1_000_000_000,
                "items": [{"name": "Groceries", "quantity": 1, "unit_price_cents": 1_000_000_000}]}}));
        }
    }
    // A card's ten swipes come within minutes here, on one order: at the shipped thresholds every card would be a
    // thief's, and alerts would be measured instead of decisions.
    daemon.call("PUT", "/v1/rules/split_purchase", json!({"parameters": {"swipes": 1_000_000}})).await?;
    let ample = json!({"swipes_per_hour": 1_000_000, "cents_per_day": 1_000_000_000_000_i64});
    daemon.call("PUT", "/v1/rules/velocity", json!({"parameters": ample})).await?;
    for chunk in lines.chunks(LINES) {
        let body: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        daemon.ingest(body.join("\n")).await?;
    }
    Ok(())
}

/// The bank's event number `number`: distinct reference, spread over the cards.
pub fn swipe(number: u64) -> String {
    let thief = number % 100 == 99;
    // As in life, an order gets its two swipes within moments and then others have their turn: swipe n and
    // swipe n + 64 are of one card, the next 64 cards follow.
    let card =
        if thief { HONEST + number / 100 % THIEVES } else { (number / 128 * 64 + number % 64) % HONEST };
    event(&format!("bench-{number}"), card, 1_000 + number % 50_000)
}

/// A swipe of the card that never rests; it belongs to no order.
pub fn busy_swipe(number: u64) -> String {
    event(&format!("busy-{number}"), HONEST + THIEVES - 1, 100 + number % 900)
}

fn event(reference: &str, card: u64, cents: u64) -> String {
    let store = card % STORES;
    format!(
        "{{\"accountNumber\":\"10011001100\",\"centsAmount\":{cents},\"currencyCode\":\"zar\",\"type\":\"card\",\
         \"reference\":\"{reference}\",\"card\":{{\"id\":\"card-{card}\"}},\"merchant\":{{\"category\":{{\"code\":\"5411\",\
         \"key\":\"grocery_stores_supermarkets\",\"name\":\"Grocery Stores, Supermarkets\"}},\"name\":\"MAKRO PLACE{store}\",\
         \"city\":\"Johannesburg\",\"country\":{{\"code\":\"ZA\",\"alpha3\":\"ZAF\",\"name\":\"South Africa\"}}}}}}"
    )
}
