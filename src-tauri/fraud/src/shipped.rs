//! The rules that come with the program; every threshold is a parameter that an ops lead edits.

use crate::rule::{Parameter, Rule, RuleMode, RuleOutcome, RuleScope, Severity};
use crate::time::UnixMs;

/// Ids that the program itself refers to.
pub const CARD_DEACTIVATED: &str = "card_deactivated";
pub const UNKNOWN_CARD: &str = "unknown_card";
pub const NO_OPEN_ORDER: &str = "no_open_order";
pub const WRONG_MERCHANT: &str = "wrong_merchant";
pub const UNKNOWN_MERCHANT: &str = "unknown_merchant";
pub const RISKY_CATEGORY: &str = "risky_category";
pub const OVER_ORDER_VALUE: &str = "over_order_value";
pub const AFTER_COMPLETION: &str = "after_completion";
pub const OFF_SHIFT: &str = "off_shift";
pub const SPLIT_PURCHASE: &str = "split_purchase";
pub const VELOCITY: &str = "velocity";
pub const IMPOSSIBLE_TRAVEL: &str = "impossible_travel";
pub const DENY_LIST: &str = "deny_list";
pub const FOREIGN: &str = "foreign";
pub const FULL_CARD_NUMBER: &str = "full_card_number";
pub const FEED_GAP: &str = "feed_gap";

/// Categories of PRODUCT's table: liquor, tobacco, telephones, cash, money transfer, fuel, gambling.
const RISKY_CATEGORIES: [&str; 10] =
    ["5921", "5993", "4812", "4814", "6010", "6011", "6540", "5541", "5542", "7995"];

struct Shipped {
    id: &'static str,
    name: &'static str,
    description: &'static str,
    scope: RuleScope,
    outcome: RuleOutcome,
    severity: Severity,
    expression: &'static str,
    parameters: Vec<(&'static str, Parameter)>,
}

/// Exceeds the larger of a floor and a share of the order's value, both as parameters.
const OVER_ORDER_VALUE_EXPRESSION: &str = "\
!order.found || swipe.currency != p.currency ? \"none\"
: double(order.over_cents) > math.greatest(double(p.decline_over_cents), double(order.value_cents) * double(p.decline_over_percent) / 100.0) ? \"decline\"
: double(order.over_cents) > math.greatest(double(p.over_cents), double(order.value_cents) * double(p.over_percent) / 100.0) ? \"alert\"
: \"none\"";

/// Counts and sums of the card, of which what orders account for weighs `p.backed_percent`; only a swipe that
/// no order accounts for fires, so that a thief's morning does not accuse the honest afternoon.
const VELOCITY_EXPRESSION: &str = "\
!velocity.backed && swipe.currency == p.currency
&& ((velocity.swipes_1h - velocity.backed_swipes_1h) * 100 + velocity.backed_swipes_1h * p.backed_percent > p.swipes_per_hour * 100
|| (velocity.cents_24h - velocity.backed_cents_24h) * 100 + velocity.backed_cents_24h * p.backed_percent > p.cents_per_day * 100)";

/// Metres in seconds against kilometres an hour; near stores are left out, where clocks differ by more than the
/// way takes.
const IMPOSSIBLE_TRAVEL_EXPRESSION: &str = "\
travel.known && travel.metres > p.km_min * 1000
&& travel.metres * 3600 > p.km_per_hour * 1000 * travel.seconds";

fn shipped() -> Vec<Shipped> {
    use Parameter::{Text, Whole, Words};
    use RuleOutcome::{Alert, Decline};
    use RuleScope::{Feed, Swipe};
    use Severity::{Critical, Warning};
    let rule = |id, name, description, scope, outcome, severity, expression, parameters| Shipped {
        id,
        name,
        description,
        scope,
        outcome,
        severity,
        expression,
        parameters,
    };
    vec![
        rule(
            CARD_DEACTIVATED,
            "Card is deactivated",
            "The card was deactivated; every swipe of it is declined.",
            Swipe,
            Decline,
            Critical,
            "card.deactivated",
            vec![],
        ),
        rule(
            FOREIGN,
            "Foreign swipe",
            "Currency or country is not ours.",
            Swipe,
            Decline,
            Critical,
            "swipe.currency != p.currency || (swipe.country != \"\" && swipe.country != p.country)",
            vec![("currency", Text("ZAR".into())), ("country", Text("ZA".into()))],
        ),
        rule(
            OVER_ORDER_VALUE,
            "Over the order's value",
            "The swipes for an order exceed its value.",
            Swipe,
            Alert,
            Critical,
            OVER_ORDER_VALUE_EXPRESSION,
            vec![
                ("over_cents", Whole(2_500)),
                ("over_percent", Whole(10)),
                ("decline_over_cents", Whole(50_000)),
                ("decline_over_percent", Whole(50)),
                ("currency", Text("ZAR".into())),
            ],
        ),
        rule(
            NO_OPEN_ORDER,
            "No open order",
            "The shopper had no order open at the time.",
            Swipe,
            Alert,
            Critical,
            "card.known && !order.found",
            vec![("early_minutes", Whole(10)), ("late_minutes", Whole(30))],
        ),
        rule(
            DENY_LIST,
            "On a deny list",
            "The merchant or the card is on a deny list.",
            Swipe,
            Decline,
            Critical,
            "swipe.merchant in list.deny_merchants || card.id in list.deny_cards",
            vec![],
        ),
        rule(
            IMPOSSIBLE_TRAVEL,
            "Impossible travel",
            "The card was at two stores too far apart in too short a time.",
            Swipe,
            Alert,
            Critical,
            IMPOSSIBLE_TRAVEL_EXPRESSION,
            vec![("km_per_hour", Whole(120)), ("km_min", Whole(5))],
        ),
        rule(
            VELOCITY,
            "Velocity",
            "More swipes in an hour, or more money in a day, than a card needs.",
            Swipe,
            Alert,
            Critical,
            VELOCITY_EXPRESSION,
            vec![
                ("swipes_per_hour", Whole(6)),
                ("cents_per_day", Whole(800_000)),
                ("backed_percent", Whole(25)),
                ("currency", Text("ZAR".into())),
            ],
        ),
        rule(
            AFTER_COMPLETION,
            "After completion",
            "The order was completed some time before the swipe.",
            Swipe,
            Alert,
            Critical,
            "order.completed && order.seconds_since_completion > p.minutes * 60",
            vec![("minutes", Whole(10))],
        ),
        rule(
            RISKY_CATEGORY,
            "Risky category",
            "A category such as fuel, cash or liquor without an order for it.",
            Swipe,
            Alert,
            Critical,
            "swipe.category in p.categories && !order.covers_category",
            vec![("categories", Words(RISKY_CATEGORIES.map(str::to_owned).to_vec()))],
        ),
        rule(
            WRONG_MERCHANT,
            "Wrong merchant",
            "The merchant is not the order's store.",
            Swipe,
            Alert,
            Warning,
            "order.found && merchant.comparable && !merchant.is_order_store",
            vec![],
        ),
        rule(
            SPLIT_PURCHASE,
            "Split purchase",
            "Several swipes for one order within half an hour.",
            Swipe,
            Alert,
            Warning,
            "order.found && order.swipes_30m >= p.swipes",
            vec![("swipes", Whole(3))],
        ),
        rule(
            OFF_SHIFT,
            "Off shift",
            "The swipe lies outside the shopper's roster, without overtime or a swap.",
            Swipe,
            Alert,
            Warning,
            "shift.rostered && shift.off_seconds > p.minutes * 60 && !shift.overtime && !shift.swap",
            vec![("minutes", Whole(15))],
        ),
        rule(
            UNKNOWN_MERCHANT,
            "Unknown merchant",
            "The merchant matches no partner store.",
            Swipe,
            Alert,
            Warning,
            "!merchant.partner && !(swipe.merchant in list.allow_merchants)",
            vec![],
        ),
        rule(
            UNKNOWN_CARD,
            "Unknown card",
            "The order system never told us of this card.",
            Swipe,
            Alert,
            Warning,
            "!card.known",
            vec![],
        ),
        rule(
            FULL_CARD_NUMBER,
            "Full card number in the feed",
            "The bank's event held a full card number; it was cut.",
            Swipe,
            Alert,
            Warning,
            "swipe.full_card_number",
            vec![],
        ),
        rule(
            FEED_GAP,
            "Feed gap",
            "An event of the bank's feed has no partner. A fault of the feed, never of the shopper.",
            Feed,
            Alert,
            Warning,
            "event.waiting_minutes >= p.minutes",
            vec![("minutes", Whole(15))],
        ),
    ]
}

/// Lists that the shipped rules name; empty until somebody fills them.
pub const LISTS: [(&str, &str); 3] = [
    ("allow_merchants", "Merchants that unknown_merchant leaves alone"),
    ("deny_merchants", "Merchants at which every swipe is declined"),
    ("deny_cards", "Cards whose every swipe is declined"),
];

/// The shipped rules in their first version, weightiest first.
pub fn rules(now: UnixMs) -> Vec<Rule> {
    shipped()
        .into_iter()
        .map(|s| Rule {
            id: s.id.into(),
            name: s.name.into(),
            description: s.description.into(),
            scope: s.scope,
            mode: RuleMode::Live,
            outcome: s.outcome,
            severity: s.severity,
            expression: s.expression.into(),
            parameters: s.parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            version: 1,
            updated_at: now,
            updated_by: "shipped".into(),
        })
        .collect()
}
