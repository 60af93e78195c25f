//! The words of the rules that look at what went before: roster, velocity, travel, earlier swipes of an order.

use super::{Extra, Words, amount, clock_note, shown};
use crate::facts::FactSet;
use crate::money::rand;
use crate::rule::Rule;

/// `1 h 05 min`, `14 min`, `40 s`.
fn span(seconds: i64) -> String {
    match seconds {
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s => format!("{} h {:02} min", s / 3_600, s % 3_600 / 60),
    }
}

pub(super) fn after_completion(rule: &Rule, facts: &FactSet, extra: &Extra<'_>) -> Words {
    let since = facts.whole("order.seconds_since_completion");
    let mut counter_evidence = clock_note(facts);
    if facts.flag("merchant.is_order_store") {
        counter_evidence.push("The merchant is the order's own store.".into());
    }
    if facts.whole("order.over_cents") <= 0 {
        counter_evidence.push("All swipes for the order stay within its value.".into());
    }
    let order = extra.order_id.unwrap_or("?");
    Words {
        message: format!("Order {order} was completed {} before this swipe.", span(since)),
        values: vec![
            shown(
                "Since completion",
                span(since),
                Some(format!("at most {} min", rule.whole("minutes", 10))),
            ),
            shown("Amount", amount(facts), None),
        ],
        counter_evidence,
        would_change: "A later time of completion for the order, or another order open at the time.".into(),
    }
}

pub(super) fn off_shift(rule: &Rule, facts: &FactSet, extra: &Extra<'_>) -> Words {
    let off = facts.whole("shift.off_seconds");
    let mut counter_evidence = clock_note(facts);
    if let Some(order) = extra.order_id {
        counter_evidence.push(format!("Order {order} is assigned to the shopper for that time."));
    }
    Words {
        message: format!("The swipe is {} away from the shopper's nearest shift.", span(off)),
        values: vec![shown(
            "Away from the roster",
            span(off),
            Some(format!("at most {} min", rule.whole("minutes", 15))),
        )],
        counter_evidence,
        would_change:
            "A shift for that time, even if it is recorded later; overtime on an order begun in the shift; \
                       or a swap with somebody who got no orders."
                .into(),
    }
}

pub(super) fn split_purchase(rule: &Rule, facts: &FactSet, extra: &Extra<'_>) -> Words {
    let swipes = facts.whole("order.swipes_30m");
    let mut counter_evidence = Vec::new();
    if facts.whole("order.over_cents") <= 0 {
        counter_evidence.push("Together they stay within the order's value.".into());
    }
    if facts.flag("merchant.is_order_store") {
        counter_evidence.push("The merchant is the order's own store.".into());
    }
    let order = extra.order_id.unwrap_or("?");
    Words {
        message: format!("{swipes} swipes for order {order} within 30 minutes."),
        values: vec![
            shown(
                "Swipes in 30 min",
                swipes.to_string(),
                Some(format!("fewer than {}", rule.whole("swipes", 3))),
            ),
            shown("Swipes for the order", rand(facts.whole("order.total_cents")), None),
            shown("Value of the order", rand(facts.whole("order.value_cents")), None),
        ],
        counter_evidence,
        would_change:
            "A reversal of one of them, or another order that one belongs to. A second slip for liquor \
                       is not counted."
                .into(),
    }
}

pub(super) fn velocity(rule: &Rule, facts: &FactSet) -> Words {
    let percent = rule.whole("backed_percent", 25);
    let weighed = |all: &str, backed: &str| {
        let (all, backed) = (facts.whole(all), facts.whole(backed));
        all.saturating_sub(backed).saturating_mul(100).saturating_add(backed.saturating_mul(percent))
    };
    let count = weighed("velocity.swipes_1h", "velocity.backed_swipes_1h");
    let cents = weighed("velocity.cents_24h", "velocity.backed_cents_24h") / 100;
    let (count_max, cents_max) = (rule.whole("swipes_per_hour", 6), rule.whole("cents_per_day", 800_000));
    let (swipes, backed) = (facts.whole("velocity.swipes_1h"), facts.whole("velocity.backed_swipes_1h"));
    let message = if count > count_max.saturating_mul(100) {
        format!("{swipes} swipes of this card within an hour.")
    } else {
        format!("{} on this card within 24 hours.", rand(facts.whole("velocity.cents_24h")))
    };
    let mut counter_evidence = Vec::new();
    if backed > 0 {
        counter_evidence.push(format!(
            "Orders account for {backed} of the swipes of this hour; each weighs {percent} %."
        ));
    }
    let backed_cents = facts.whole("velocity.backed_cents_24h");
    if backed_cents > 0 {
        counter_evidence.push(format!(
            "Orders account for {} of the day's sum; it weighs {percent} %.",
            rand(backed_cents)
        ));
    }
    Words {
        message,
        values: vec![
            shown(
                "Swipes in 1 h, weighed",
                format!("{}.{:02}", count / 100, count % 100),
                Some(format!("at most {count_max}")),
            ),
            shown("Sum in 24 h, weighed", rand(cents), Some(format!("at most {}", rand(cents_max)))),
        ],
        counter_evidence,
        would_change: "Orders that account for these swipes, even if they are recorded later; or reversals."
            .into(),
    }
}

pub(super) fn impossible_travel(rule: &Rule, facts: &FactSet, extra: &Extra<'_>) -> Words {
    let (metres, seconds) = (facts.whole("travel.metres"), facts.whole("travel.seconds"));
    let speed = metres.saturating_mul(3_600) / seconds.max(1) / 1_000;
    let (from, to) = extra.travelled.unwrap_or(("another store", "this one"));
    let km = format!("{}.{} km", metres / 1_000, metres % 1_000 / 100);
    Words {
        message: format!("The card was at {from} {} before, {km} away.", span(seconds)),
        values: vec![
            shown(
                "Speed",
                format!("{speed} km/h"),
                Some(format!("at most {} km/h", rule.whole("km_per_hour", 120))),
            ),
            shown("Way", format!("{km} from {from} to {to}"), Some(format!("over {} km", rule.whole("km_min", 5)))),
        ],
        counter_evidence: vec![
            "Straight lines between the stores' coordinates: if one of them is recorded wrongly, nobody travelled."
                .into(),
        ],
        would_change: format!("Other coordinates for {from} or {to}."),
    }
}
