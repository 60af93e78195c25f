//! Which goods make an unusual merchant category ordinary: liquor, tobacco, airtime.

use crate::link::Goods;
use crate::record::{Item, Order};

const LIQUOR_CATEGORIES: [&str; 14] = [
    "liquor",
    "alcohol",
    "spirits",
    "wine",
    "wines",
    "beer",
    "beers",
    "cider",
    "ciders",
    "whisky",
    "vodka",
    "gin",
    "brandy",
    "champagne",
];
const TOBACCO_CATEGORIES: [&str; 5] = ["tobacco", "cigarettes", "cigars", "vape", "vapes"];
const AIRTIME_CATEGORIES: [&str; 4] = ["airtime", "data", "telecom", "prepaid"];

/// Words that name liquor in an item without a category.
const LIQUOR_WORDS: [&str; 20] = [
    "vodka",
    "whisky",
    "whiskey",
    "cognac",
    "brandy",
    "gin",
    "rum",
    "tequila",
    "wine",
    "beer",
    "lager",
    "cider",
    "champagne",
    "liqueur",
    "merlot",
    "shiraz",
    "pinotage",
    "chardonnay",
    "sauvignon",
    "bourbon",
];
/// Words that make such a name something else: vodka sauce, ginger beer, wine gums, beer batter.
const NOT_LIQUOR_WORDS: [&str; 15] = [
    "sauce",
    "ginger",
    "gums",
    "batter",
    "vinegar",
    "glass",
    "glasses",
    "opener",
    "chutney",
    "marinade",
    "root",
    "alcohol-free",
    "non-alcoholic",
    "free",
    "cake",
];

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_in(item: &Item, categories: &[&str]) -> Option<bool> {
    let category = item.category.as_ref().filter(|category| !category.trim().is_empty())?;
    Some(words(category).iter().any(|word| categories.contains(&word.as_str())))
}

/// Whether an item is liquor: by its category where it has one, else by its name.
pub fn is_liquor(item: &Item) -> bool {
    is_in(item, &LIQUOR_CATEGORIES).unwrap_or_else(|| {
        let name = words(&item.name);
        let has = |list: &[&str]| name.iter().any(|word| list.contains(&word.as_str()));
        has(&LIQUOR_WORDS) && !has(&NOT_LIQUOR_WORDS)
    })
}

/// What restricted goods an order holds.
pub fn of_order(order: &Order) -> Goods {
    Goods {
        liquor: order.items.iter().any(is_liquor),
        tobacco: order.items.iter().any(|item| is_in(item, &TOBACCO_CATEGORIES) == Some(true)),
        airtime: order.items.iter().any(|item| is_in(item, &AIRTIME_CATEGORIES) == Some(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liquor_goes_by_category_and_only_then_by_name() {
        for (name, category, expected) in [
            ("Smirnoff 1818 Vodka 750ml", None, true),
            ("Vodka sauce 400g", None, false),
            ("Ginger beer 2L", None, false),
            ("Castle Lager 6 pack", None, true),
            ("Wine gums", None, false),
            ("Red wine vinegar", None, false),
            ("Original 340ml", Some("Beer"), true),
            ("Vodka flavoured crisps", Some("snacks"), false),
            ("Milk", None, false),
            ("Ginger ale", None, false),
        ] {
            let item = Item {
                sku: None,
                name: name.into(),
                category: category.map(str::to_owned),
                quantity: 1.0,
                unit_price_cents: 1,
                supplied_quantity: None,
            };
            assert_eq!(is_liquor(&item), expected, "{name}");
        }
    }
}
