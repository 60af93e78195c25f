//! What customers order: products, and baskets that add up.

use super::dice::Dice;
use serde_json::{Value, json};

struct Product {
    name: &'static str,
    category: &'static str,
    low_cents: i64,
    high_cents: i64,
}

const fn product(name: &'static str, category: &'static str, low_cents: i64, high_cents: i64) -> Product {
    Product { name, category, low_cents, high_cents }
}

const GROCERIES: &[Product] = &[
    product("Full cream milk 2L", "dairy", 3_199, 3_999),
    product("Brown bread 700g", "bakery", 1_599, 2_099),
    product("Free range eggs 18", "dairy", 5_499, 7_999),
    product("Maize meal 5kg", "pantry", 5_499, 7_499),
    product("Basmati rice 2kg", "pantry", 6_999, 11_999),
    product("Sunflower oil 2L", "pantry", 6_499, 8_999),
    product("Rooibos tea 80s", "pantry", 3_499, 5_499),
    product("Chicken braai pack 2kg", "meat", 9_999, 16_999),
    product("Boerewors 1kg", "meat", 8_999, 13_999),
    product("Beef mince 1kg", "meat", 10_499, 15_999),
    product("Bananas 1kg", "produce", 1_899, 2_999),
    product("Avocados 4 pack", "produce", 3_999, 6_499),
    product("Butternut 1kg", "produce", 1_999, 3_499),
    product("Peanut butter 800g", "pantry", 5_499, 8_499),
    product("Still water 6 x 1.5L", "drinks", 5_999, 8_499),
    product("Washing powder 2kg", "household", 7_999, 12_999),
    product("Nappies size 4 (80)", "baby", 24_999, 36_999),
    product("Dog food 8kg", "pet", 19_999, 34_999),
    product("Gouda 900g", "dairy", 11_999, 16_999),
    product("Coffee beans 1kg", "pantry", 19_999, 32_999),
];

const PHARMACY: &[Product] = &[
    product("Multivitamin 60s", "health", 14_999, 24_999),
    product("Sunscreen SPF50 200ml", "beauty", 15_999, 27_999),
    product("Shampoo 400ml", "beauty", 6_999, 12_999),
    product("Toothpaste twin pack", "health", 3_999, 6_499),
    product("Baby formula 900g", "baby", 22_999, 33_999),
    product("Plasters 40s", "health", 2_999, 4_999),
    product("Allergy tablets 30s", "health", 8_999, 14_999),
    product("Hand cream 250ml", "beauty", 4_999, 8_999),
];

const LIQUOR: &[Product] = &[
    product("Chenin blanc 750ml", "wine", 6_999, 14_999),
    product("Pinotage 750ml", "wine", 8_999, 19_999),
    product("Lager 12 x 330ml", "liquor", 14_999, 19_999),
    product("Craft cider 6 x 330ml", "liquor", 8_999, 12_999),
    product("Dry gin 750ml", "spirits", 19_999, 34_999),
    product("Brandy 750ml", "spirits", 17_999, 26_999),
    product("Blended whisky 750ml", "spirits", 24_999, 44_999),
];

/// What kind of things an order holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goods {
    Grocery,
    Pharmacy,
    /// Groceries and liquor of one place: two tills, two slips by law.
    Mixed,
    Liquor,
}

pub(super) struct Item {
    product: &'static Product,
    quantity: i64,
    price_cents: i64,
    supplied: i64,
}

/// The lines of one order.
pub(super) struct Basket(Vec<Item>);

impl Basket {
    /// Draws lines of `goods` worth at least `least_cents`; with `complete`, everything was in stock.
    pub fn draw(dice: &mut Dice, goods: Goods, least_cents: i64, complete: bool) -> Self {
        let mut items = Vec::new();
        match goods {
            Goods::Grocery => draw_lines(dice, &mut items, GROCERIES, 5),
            Goods::Pharmacy => draw_lines(dice, &mut items, PHARMACY, 3),
            Goods::Liquor => draw_lines(dice, &mut items, LIQUOR, 2),
            Goods::Mixed => {
                draw_lines(dice, &mut items, GROCERIES, 4);
                draw_lines(dice, &mut items, LIQUOR, 2);
            }
        }
        let mut basket = Self(items);
        let short_cents = least_cents - basket.ordered_cents();
        if short_cents > 0 {
            let first = &mut basket.0[0];
            let more = short_cents / first.price_cents + 1;
            first.quantity += more;
            first.supplied += more;
        }
        if !complete && basket.0.len() > 2 && dice.chance(180) {
            let at = dice.index(basket.0.len());
            basket.0[at].supplied -= 1;
        }
        basket
    }

    /// Sum of the lines as ordered, in cents.
    pub fn ordered_cents(&self) -> i64 {
        self.0.iter().map(|item| item.quantity * item.price_cents).sum()
    }

    /// Sum of the lines as supplied, in cents.
    pub fn supplied_cents(&self) -> i64 {
        self.0.iter().map(|item| item.supplied * item.price_cents).sum()
    }

    /// The liquor part of the lines as supplied, in cents.
    pub fn liquor_cents(&self) -> i64 {
        let liquor = |item: &&Item| matches!(item.product.category, "wine" | "spirits" | "liquor");
        let cents = |item: &Item| item.supplied * item.price_cents;
        self.0.iter().filter(liquor).map(cents).sum()
    }

    /// The lines as the order system sends them; `supplied_quantity` only once the order is supplied.
    pub fn lines(&self, supplied: bool) -> Value {
        let line = |item: &Item| {
            let mut line = json!({
                "name": item.product.name,
                "category": item.product.category,
                "quantity": item.quantity,
                "unit_price_cents": item.price_cents,
            });
            if supplied {
                line["supplied_quantity"] = item.supplied.into();
            }
            line
        };
        Value::Array(self.0.iter().map(line).collect())
    }
}

fn draw_lines(dice: &mut Dice, items: &mut Vec<Item>, from: &'static [Product], most: i64) {
    let count = dice.between(1.max(most - 3), most);
    let mut at = dice.index(from.len());
    for _ in 0..count {
        // Steps of 1 or 2 through a list longer than twice the lines never name one product twice.
        at = (at + 1 + dice.index(2)) % from.len();
        let product = &from[at];
        let dear = product.low_cents > 15_000;
        let quantity = if dear { 1 } else { dice.between(1, 3) };
        items.push(Item {
            product,
            quantity,
            price_cents: dice.between(product.low_cents, product.high_cents),
            supplied: quantity,
        });
    }
}
