//! Honest oddities of orders and tills that a naive rule would take for theft, and the choice among all
//! traps.

use super::catalogue::Goods;
use super::dice::Dice;
use super::order::{self, Order, Want, Worker};
use super::outsiders::Till;
use super::scene::Scene;
use super::stores::{Form, Store};
use super::swipe::{self, Swipe};
use super::traps_feed;
use super::traps_history;
use super::traps_shift;
use super::truth::{DAY, MINUTE, Ms, SECOND, far_cents, tolerance_cents};

/// Every kind of honest oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trap {
    LateAssignment,
    LateRecord,
    NoAssignmentTime,
    BeforeAssignment,
    CompletedEarly,
    CompletedLateHook,
    CompletedOther,
    CompletedNever,
    Overtime,
    ShiftEdge(bool),
    Swap(bool),
    LateShift,
    SplitLiquor,
    SplitReversed,
    SplitSlowly,
    SplitRepeated,
    ManyOrders,
    LargeOrders,
    Astray,
    NextDoor,
    FastDrive,
    TwoOrders,
    TwoOrdersOneStore,
    Written(Form),
    CutName,
    LiquorStore,
    LiquorAnnex,
    TwoTills,
    SmallExcess,
    RaisedValue,
    ClockSkew,
    CalledTwice,
    Reversed,
    PartlyReversed,
    OtherCardId,
    AfterFirst,
    AfterLate,
    Adjusted,
    Simulated,
}

/// How often each trap is dealt.
pub(super) const DECK: &[(Trap, usize)] = &[
    (Trap::LateAssignment, 2),
    (Trap::LateRecord, 2),
    (Trap::NoAssignmentTime, 1),
    (Trap::BeforeAssignment, 2),
    (Trap::CompletedEarly, 2),
    (Trap::CompletedLateHook, 2),
    (Trap::CompletedOther, 2),
    (Trap::CompletedNever, 1),
    (Trap::Overtime, 2),
    (Trap::ShiftEdge(false), 1),
    (Trap::ShiftEdge(true), 1),
    (Trap::Swap(false), 2),
    (Trap::Swap(true), 2),
    (Trap::LateShift, 2),
    (Trap::SplitLiquor, 2),
    (Trap::SplitReversed, 1),
    (Trap::SplitSlowly, 1),
    (Trap::SplitRepeated, 1),
    (Trap::ManyOrders, 1),
    (Trap::LargeOrders, 1),
    (Trap::Astray, 2),
    (Trap::NextDoor, 1),
    (Trap::FastDrive, 1),
    (Trap::TwoOrders, 2),
    (Trap::TwoOrdersOneStore, 1),
    (Trap::Written(Form::Branch), 2),
    (Trap::Written(Form::Country), 1),
    (Trap::Written(Form::City), 1),
    (Trap::CutName, 3),
    (Trap::LiquorStore, 2),
    (Trap::LiquorAnnex, 2),
    (Trap::TwoTills, 4),
    (Trap::SmallExcess, 3),
    (Trap::RaisedValue, 2),
    (Trap::ClockSkew, 2),
    (Trap::CalledTwice, 3),
    (Trap::Reversed, 2),
    (Trap::PartlyReversed, 1),
    (Trap::OtherCardId, 3),
    (Trap::AfterFirst, 2),
    (Trap::AfterLate, 2),
    (Trap::Adjusted, 1),
    (Trap::Simulated, 2),
];

/// Ordinary orders older than this before the end of the history are told in two lines (picking, delivered),
/// not four: a third of the default world's memory and of the time to take it in.
const WHOLE_LIFE: Ms = 3 * DAY;

/// Plays the next trap of the deck in `worker`'s day.
pub(super) fn trap(scene: &mut Scene, worker: &mut Worker) {
    if !scene.book.load(worker.shopper, worker.cursor).has_room() {
        return ordinary(scene, worker);
    }
    match scene.traps.deal(&mut scene.dice) {
        Trap::LateAssignment => late_lines(scene, worker, 1, "trap: late assignment"),
        Trap::LateRecord => late_lines(scene, worker, 0, "trap: order record arrives late"),
        Trap::NoAssignmentTime => no_assignment_time(scene, worker),
        Trap::BeforeAssignment => before_assignment(scene, worker),
        Trap::CompletedEarly => traps_history::completed_early(scene, worker),
        Trap::CompletedLateHook => traps_history::completed_late_hook(scene, worker),
        Trap::CompletedOther => traps_history::completed_other(scene, worker),
        Trap::CompletedNever => traps_history::completed_never(scene, worker),
        Trap::Overtime => traps_shift::overtime(scene, worker),
        Trap::ShiftEdge(before) => traps_shift::edge(scene, worker, before),
        Trap::Swap(corrected) => traps_shift::swap(scene, worker, corrected),
        Trap::LateShift => traps_shift::late_shift(scene, worker),
        Trap::SplitLiquor => traps_history::split_liquor(scene, worker),
        Trap::SplitReversed => traps_history::split_reversed(scene, worker),
        Trap::SplitSlowly => traps_history::split_slowly(scene, worker),
        Trap::SplitRepeated => traps_history::split_repeated(scene, worker),
        Trap::ManyOrders => traps_history::many_orders(scene, worker),
        Trap::LargeOrders => traps_history::large_orders(scene, worker),
        Trap::Astray => traps_history::astray(scene, worker),
        Trap::NextDoor => traps_history::next_door(scene, worker),
        Trap::FastDrive => traps_history::fast_drive(scene, worker),
        Trap::TwoOrders => two_orders(scene, worker),
        Trap::TwoOrdersOneStore => two_orders_one_store(scene, worker),
        Trap::Written(form) => written(scene, worker, form, |_| true),
        Trap::CutName => written(scene, worker, Form::Plain, Store::is_long),
        Trap::LiquorStore => liquor(scene, worker, false),
        Trap::LiquorAnnex => liquor(scene, worker, true),
        Trap::TwoTills => two_tills(scene, worker),
        Trap::SmallExcess => small_excess(scene, worker),
        Trap::RaisedValue => raised_value(scene, worker),
        Trap::ClockSkew => traps_feed::clock_skew(scene, worker),
        Trap::CalledTwice => traps_feed::called_twice(scene, worker),
        Trap::Reversed => traps_feed::reversed(scene, worker),
        Trap::PartlyReversed => traps_feed::partly_reversed(scene, worker),
        Trap::OtherCardId => traps_feed::other_card_id(scene, worker),
        Trap::AfterFirst => traps_feed::after_first(scene, worker),
        Trap::AfterLate => traps_feed::after_late(scene, worker),
        Trap::Adjusted => traps_feed::adjusted(scene, worker),
        Trap::Simulated => traps_feed::simulated(scene, worker),
    }
}

/// An ordinary order, paid once at its own till.
pub(super) fn ordinary(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::ORDINARY);
    if order.ended + WHOLE_LIFE < scene.until {
        order.lines[0] = None;
        order.lines[2] = None;
    }
    let is_free = scene.shoppers[worker.shopper].unrostered;
    let story = if is_free { "trap: no roster at all" } else { swipe::HONEST };
    swipe::pay(scene, worker.shopper, &order, order.paid, story);
    order::finish(scene, worker, &order);
}

/// The lines from number `first` on arrive minutes after the swipe.
fn late_lines(scene: &mut Scene, worker: &mut Worker, first: usize, story: &'static str) {
    let mut order = order::plan(scene, worker, Want::MAPPED);
    let ended = order.ended.max(order.paid + 15 * MINUTE);
    order.schedule(&mut scene.dice, order.paid, ended);
    let mut at = order.paid + scene.dice.between(2 * MINUTE, 12 * MINUTE);
    for line in &mut order.lines[first..3] {
        *line = Some(at);
        at += scene.dice.between(SECOND, 20 * SECOND);
    }
    swipe::pay(scene, worker.shopper, &order, order.paid, story);
    order::finish(scene, worker, &order);
}

/// The first order of a new shopper: the record of the card arrives minutes after its swipe.
pub(super) fn late_card(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::MAPPED);
    let at = order.paid + scene.dice.between(2 * MINUTE, 9 * MINUTE);
    swipe::pay(scene, worker.shopper, &order, order.paid, "trap: card record arrives late");
    let card = scene.shoppers[worker.shopper].card_line();
    scene.ingest(at, "card", card);
    order::finish(scene, worker, &order);
}

/// The order system never says when it assigned the order, only to whom.
fn no_assignment_time(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::ALONE);
    order.stamped = false;
    order.placed = order.assigned;
    order.schedule(&mut scene.dice, order.paid, order.ended);
    swipe::pay(scene, worker.shopper, &order, order.paid, "trap: assignment without a time");
    order::finish(scene, worker, &order);
}

/// The shopper pays seven to eight minutes before the system assigns the order.
fn before_assignment(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MAPPED);
    let paid = order.assigned - scene.dice.between(7 * MINUTE, 8 * MINUTE);
    order.placed = order.placed.min(paid - 2 * MINUTE);
    order.schedule(&mut scene.dice, paid, order.ended);
    swipe::pay(scene, worker.shopper, &order, paid, "trap: swiped before assignment");
    order::finish(scene, worker, &order);
}

/// Two orders at different stores are open at once, at different stages.
fn two_orders(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: two orders open";
    let first = order::plan(scene, worker, Want::ALONE);
    swipe::pay(scene, worker.shopper, &first, first.paid, story);
    order::finish(scene, worker, &first);
    let assigned = first.assigned + scene.dice.between(MINUTE, 4 * MINUTE);
    let second = order::plan_at(scene, worker, Want::ALONE, assigned);
    swipe::pay(scene, worker.shopper, &second, second.paid, story);
    order::finish(scene, worker, &second);
}

/// A large and a small order at one store are open at once; the large one is paid first.
fn two_orders_one_store(scene: &mut Scene, worker: &mut Worker) {
    let story = "trap: two orders open at one store";
    let grocery = Want { store: |store| store.category() == "5411", ..Want::MARK };
    let mut small = order::plan(scene, worker, grocery);
    let large = Want { least_cents: small.basket_cents() * 3, ..grocery };
    let assigned = small.assigned + scene.dice.between(MINUTE, 3 * MINUTE);
    let mut large = order::plan_at(scene, worker, large, assigned);
    large.store = small.store;
    let paid = large.paid + scene.dice.between(MINUTE, 3 * MINUTE);
    let ended = small.ended.max(paid + 4 * MINUTE);
    small.schedule(&mut scene.dice, paid, ended);
    swipe::pay(scene, worker.shopper, &large, large.paid, story);
    swipe::pay(scene, worker.shopper, &small, small.paid, story);
    order::finish(scene, worker, &large);
    order::finish(scene, worker, &small);
}

/// The till writes the store's name in a way of its own.
fn written(scene: &mut Scene, worker: &mut Worker, form: Form, store: fn(&Store) -> bool) {
    let story = match form {
        Form::Plain => "trap: cut merchant name",
        Form::Branch => "trap: branch code in the merchant name",
        Form::Country => "trap: country suffix in the merchant name",
        Form::City => "trap: city suffix in the merchant name",
    };
    let want = Want { store, ..Want::ORDINARY };
    let order = order::plan(scene, worker, want);
    let is_told = form != Form::Plain || scene.stores[order.store].is_long();
    let story = if is_told { story } else { swipe::HONEST };
    let till = swipe::till_written(scene, order.store, form);
    pay_at(scene, worker, &order, order.store, (order.supplied_cents, order.paid), till, story);
    order::finish(scene, worker, &order);
}

/// Pays the part of `order` worth `(cents, at)` at a till of `store` and hands in the slip.
pub(super) fn pay_at(
    scene: &mut Scene,
    worker: &Worker,
    order: &Order,
    store: usize,
    (value_cents, at): (i64, Ms),
    till: Till,
    story: &'static str,
) {
    let cents = swipe::fair_cents(scene, value_cents);
    swipe::send(scene, &Swipe::honest(worker.shopper, at, cents, till, story));
    swipe::slip(scene, worker.shopper, order, store, cents, at);
}

/// A liquor order at a liquor store, or one of a grocery store that is paid at its annex.
fn liquor(scene: &mut Scene, worker: &mut Worker, annex: bool) {
    let want = Want { goods: Goods::Liquor, ..Want::ALONE };
    let mut order = order::plan(scene, worker, want);
    let store = order.store;
    if annex {
        // Each annex follows its grocery store.
        order.store -= 1;
    }
    let story = if annex {
        "trap: liquor order at the store's annex"
    } else {
        "trap: liquor order at a liquor store"
    };
    let till = swipe::till(scene, store);
    pay_at(scene, worker, &order, store, (order.supplied_cents, order.paid), till, story);
    order::finish(scene, worker, &order);
}

/// Groceries and liquor of one order at two tills, with two slips as the law wants.
fn two_tills(scene: &mut Scene, worker: &mut Worker) {
    let want = Want { goods: Goods::Mixed, complete: true, ..Want::ALONE };
    let order = order::plan(scene, worker, want);
    let annex = scene.stores[order.store].annex.unwrap_or(order.store);
    let liquor_cents = order.basket.liquor_cents();
    let grocery_cents = order.supplied_cents - liquor_cents;
    let second = order.paid + scene.dice.between(2 * MINUTE, 6 * MINUTE);
    let mut parts = [(order.store, grocery_cents), (annex, liquor_cents)];
    if scene.dice.chance(400) {
        parts.reverse();
    }
    for ((store, cents), at) in parts.into_iter().zip([order.paid, second]) {
        let till = swipe::till(scene, store);
        let story = "trap: groceries and liquor at two tills";
        pay_at(scene, worker, &order, store, (cents, at), till, story);
    }
    order::finish(scene, worker, &order);
}

/// Approved substitutions cost a little more than the order, within the tolerance.
fn small_excess(scene: &mut Scene, worker: &mut Worker) {
    let want = Want { complete: true, ..Want::ORDINARY };
    let order = order::plan(scene, worker, want);
    let more = share(&mut scene.dice, tolerance_cents(order.supplied_cents), 300, 900);
    let cents = order.supplied_cents + more;
    let till = swipe::till(scene, order.store);
    let story = "trap: substitutions within the tolerance";
    swipe::send(scene, &Swipe::honest(worker.shopper, order.paid, cents, till, story));
    swipe::slip(scene, worker.shopper, &order, order.store, cents, order.paid);
    order::finish(scene, worker, &order);
}

/// Approved substitutions cost clearly more; the value supplied says so at delivery.
fn raised_value(scene: &mut Scene, worker: &mut Worker) {
    let mut order = order::plan(scene, worker, Want::MARK);
    let basket = order.basket_cents();
    let low = tolerance_cents(basket) + 200;
    let more = scene.dice.between(low, far_cents(basket) * 4 / 5);
    let cents = basket + more;
    order.supplied_cents = cents + scene.dice.between(0, 500);
    let till = swipe::till(scene, order.store);
    let story = "trap: value supplied raised later";
    swipe::send(scene, &Swipe::honest(worker.shopper, order.paid, cents, till, story));
    swipe::slip(scene, worker.shopper, &order, order.store, cents, order.paid);
    order::finish(scene, worker, &order);
}

/// Between `low` and `high` thousandths of `whole`.
pub(super) fn share(dice: &mut Dice, whole: i64, low: i64, high: i64) -> i64 {
    whole * dice.between(low, high) / 1_000
}
