//! Planted thefts while nothing is open, at another's card or with a feed fault, and the choice among all
//! thefts.
//!
//! The full set of rules follows from the written definitions: without an open order there is no order's
//! store, so `wrong_merchant` cannot fire and no value can be exceeded.

use super::order::{self, Pace, Want, Worker};
use super::outsiders::{self, Country, Outsider, SOUTH_AFRICA, Till};
use super::plant_history;
use super::plant_open;
use super::plant_shift;
use super::scene::Scene;
use super::swipe::{self, After, Swipe};
use super::traps;
use super::truth::{
    FOREIGN, MINUTE, Ms, NO_OPEN_ORDER, OFF_SHIFT, OPEN_BEFORE, RISKY_CATEGORY, SECOND, UNKNOWN_CARD,
    UNKNOWN_MERCHANT,
};

/// How far a sum exceeds what the order is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// R1 to R15 above the tolerance.
    Near,
    /// Clearly above the tolerance, below the second threshold.
    Middle,
    /// Above the second threshold: declined.
    Far,
}

/// Where in the time without open orders a theft happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// One to four minutes after the last window closed.
    JustAfter,
    /// One to four minutes before the next window opens.
    JustBefore,
    Midway,
}

/// The kinds of merchant a theft without an order happens at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Partner,
    PartnerLiquor,
    Unknown,
    Risky,
    Abroad,
    AbroadRisky,
}

/// What went before a swipe after its order's completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    Unused,
    Reversed,
    Small,
}

/// Every kind of planted theft, and the feed fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theft {
    /// More than the order is worth, in one swipe.
    Over(Size),
    /// A second swipe at the order's own store.
    TopUp(Size),
    /// The whole purchase at another partner store.
    OtherStore,
    /// The whole purchase at another branch of the same chain.
    OtherBranch,
    /// A little extra at another partner store, within the tolerance.
    OtherStoreSmall,
    /// An extra at another partner store that exceeds the order's value.
    OtherStoreOver(Size),
    /// Liquor at another chain's liquor store.
    OtherLiquor,
    /// A purchase at a merchant we don't know instead of the order's, which is then cancelled.
    UnknownInstead,
    /// An extra at a merchant we don't know, after the order was paid.
    UnknownExtra(Size),
    /// Fuel, airtime, cash or bets instead of the order.
    RiskyInstead,
    /// A little airtime or fuel, within the tolerance.
    RiskySmall,
    /// Liquor at the annex of the order's store although the order has none, within the tolerance.
    Annex,
    /// The same beyond the tolerance.
    AnnexOver,
    /// A swipe in rand over the border while an order is open.
    AbroadInRand,
    /// A swipe while nothing is open.
    Idle(Place, Gap),
    /// A swipe at a completed order's store, after the honest one (for less than the order), its reversal,
    /// or as a little extra.
    Completed(Late),
    /// One order in three or four swipes.
    Split,
    /// A purchase of the shopper's own in a break.
    OffShift,
    /// An order that a friend dispatched to a shopper who is off.
    OffShiftOrder,
    /// Many swipes in an hour without an order.
    Burst(Place),
    /// Large sums in a day without an order.
    Spree,
    /// The card used far away while an order is open.
    Clone,
    /// The card used far away while nothing is open.
    CloneIdle,
    /// A card nobody knows.
    UnknownCard,
    /// An approved honest swipe whose after-event never comes.
    FeedGap,
}

/// Thefts that between them break every rule: the first of a history, so that a small world has them all.
pub(super) const SAMPLER: &[Theft] = &[
    Theft::Over(Size::Middle),
    Theft::OtherStore,
    Theft::RiskyInstead,
    Theft::Idle(Place::Abroad, Gap::Midway),
    Theft::AbroadInRand,
    Theft::UnknownCard,
    Theft::UnknownCard,
    Theft::FeedGap,
    Theft::FeedGap,
    Theft::Completed(Late::Unused),
    Theft::Split,
    Theft::OffShift,
    Theft::Burst(Place::Partner),
    Theft::Clone,
    Theft::Clone,
];

/// How often each theft is dealt.
pub(super) const DECK: &[(Theft, usize)] = &[
    (Theft::Over(Size::Near), 3),
    (Theft::Over(Size::Middle), 3),
    (Theft::Over(Size::Far), 3),
    (Theft::TopUp(Size::Near), 2),
    (Theft::TopUp(Size::Middle), 2),
    (Theft::OtherStore, 3),
    (Theft::OtherBranch, 2),
    (Theft::OtherStoreSmall, 1),
    (Theft::OtherStoreOver(Size::Near), 1),
    (Theft::OtherStoreOver(Size::Middle), 1),
    (Theft::OtherLiquor, 1),
    (Theft::UnknownInstead, 2),
    (Theft::UnknownExtra(Size::Near), 1),
    (Theft::UnknownExtra(Size::Middle), 1),
    (Theft::UnknownExtra(Size::Far), 1),
    (Theft::RiskyInstead, 2),
    (Theft::RiskySmall, 1),
    (Theft::Annex, 2),
    (Theft::AnnexOver, 1),
    (Theft::AbroadInRand, 5),
    (Theft::Idle(Place::Partner, Gap::Midway), 2),
    (Theft::Idle(Place::Partner, Gap::JustAfter), 2),
    (Theft::Idle(Place::Partner, Gap::JustBefore), 2),
    (Theft::Idle(Place::PartnerLiquor, Gap::Midway), 1),
    (Theft::Idle(Place::Unknown, Gap::Midway), 2),
    (Theft::Idle(Place::Unknown, Gap::JustAfter), 1),
    (Theft::Idle(Place::Risky, Gap::Midway), 1),
    (Theft::Idle(Place::Risky, Gap::JustBefore), 1),
    (Theft::Idle(Place::Abroad, Gap::Midway), 3),
    (Theft::Idle(Place::AbroadRisky, Gap::Midway), 1),
    (Theft::Completed(Late::Unused), 5),
    (Theft::Completed(Late::Reversed), 3),
    (Theft::Completed(Late::Small), 2),
    (Theft::Split, 7),
    (Theft::OffShift, 4),
    (Theft::OffShiftOrder, 3),
    (Theft::Burst(Place::Partner), 2),
    (Theft::Burst(Place::Risky), 1),
    (Theft::Spree, 2),
    (Theft::Clone, 8),
    (Theft::CloneIdle, 3),
    (Theft::UnknownCard, 9),
    (Theft::FeedGap, 9),
];

/// Plays the next theft of the deck in `worker`'s day.
///
/// Nothing is stolen with a card that was used so much already that the label would hang on a few cents.
pub(super) fn theft(scene: &mut Scene, worker: &mut Worker) {
    if !scene.book.load(worker.shopper, worker.cursor).has_room() {
        return traps::ordinary(scene, worker);
    }
    let deck = if worker.pace == Pace::Live { &mut scene.live_thefts } else { &mut scene.thefts };
    match deck.deal(&mut scene.dice) {
        Theft::Over(size) => plant_open::over(scene, worker, size),
        Theft::TopUp(size) => plant_open::top_up(scene, worker, size),
        Theft::OtherStore => plant_open::other_store(scene, worker),
        Theft::OtherBranch => plant_open::other_branch(scene, worker),
        Theft::OtherStoreSmall => plant_open::other_store_small(scene, worker),
        Theft::OtherStoreOver(size) => plant_open::other_store_over(scene, worker, size),
        Theft::OtherLiquor => plant_open::other_liquor(scene, worker),
        Theft::UnknownInstead => plant_open::instead(scene, worker, outsiders::UNKNOWN, &[]),
        Theft::UnknownExtra(size) => plant_open::unknown_extra(scene, worker, size),
        Theft::RiskyInstead => plant_open::instead(scene, worker, outsiders::RISKY, &[RISKY_CATEGORY]),
        Theft::RiskySmall => plant_open::risky_small(scene, worker),
        Theft::Annex => plant_open::annex(scene, worker, false),
        Theft::AnnexOver => plant_open::annex(scene, worker, true),
        Theft::AbroadInRand => plant_open::abroad_in_rand(scene, worker),
        Theft::Idle(place, gap) => idle(scene, worker, place, gap),
        Theft::Completed(late) => plant_history::completed(scene, worker, late),
        Theft::Split => plant_history::split(scene, worker),
        Theft::OffShift => plant_shift::private(scene, worker),
        Theft::OffShiftOrder => plant_shift::friend(scene, worker),
        Theft::Burst(place) => plant_history::burst(scene, worker, place),
        Theft::Spree => plant_history::spree(scene, worker),
        Theft::Clone => plant_history::clone(scene, worker),
        Theft::CloneIdle => plant_history::clone_idle(scene, worker),
        Theft::UnknownCard => unknown_card(scene, worker),
        Theft::FeedGap => feed_gap(scene, worker),
    }
}

/// A theft clear of every order's window.
pub(super) fn idle(scene: &mut Scene, worker: &mut Worker, place: Place, gap: Gap) {
    let dice = &mut scene.dice;
    let mut seconds = |low: i64, high: i64| dice.between(low * SECOND, high * SECOND);
    let (after, before) = match gap {
        Gap::JustAfter => (seconds(65, 240), seconds(180, 480)),
        Gap::JustBefore => (seconds(180, 480), seconds(65, 240)),
        Gap::Midway => (seconds(240, 600), seconds(240, 600)),
    };
    let from = match gap {
        Gap::JustAfter => worker.since.max(scene.book.last(worker.shopper) + 2 * SECOND),
        Gap::JustBefore | Gap::Midway => worker.cursor,
    };
    let at = from.max(worker.clear + after);
    worker.cursor = worker.cursor.max(at + OPEN_BEFORE + before);
    let is_near = at - worker.clear <= 4 * MINUTE;
    let story = if is_near { "theft: just after the last order closed" } else { "theft: no order is open" };
    steal_idle(scene, worker.shopper, at, place, &[], story);
}

/// A theft outside working time: in the evening or on a free day, when nothing is open.
pub(super) fn off_duty(scene: &mut Scene, shopper: usize, at: Ms) {
    if !scene.book.load(shopper, at).has_room() {
        return;
    }
    let place = *scene.dice.pick(&[
        Place::Partner,
        Place::PartnerLiquor,
        Place::Unknown,
        Place::Risky,
        Place::Abroad,
    ]);
    let more: &[&str] = if scene.shoppers[shopper].unrostered { &[] } else { &[OFF_SHIFT] };
    steal_idle(scene, shopper, at, place, more, "theft: off duty");
}

/// Steals at `place` while nothing is open, which breaks the rules `more` as well.
pub(super) fn steal_idle(
    scene: &mut Scene,
    shopper: usize,
    at: Ms,
    place: Place,
    more: &[&'static str],
    story: &'static str,
) {
    let (till, rules) = idle_till(scene, shopper, at, place);
    let cents = amount(scene);
    let mut swipe = Swipe::theft(shopper, at, cents, till, rules, story);
    swipe.rules.push(NO_OPEN_ORDER);
    swipe.rules.extend(more);
    swipe.declined = swipe.rules.contains(&FOREIGN);
    swipe::send(scene, &swipe);
}

/// A till of that kind, and the rules that a swipe there breaks besides `no_open_order`.
pub(super) fn idle_till(
    scene: &mut Scene,
    shopper: usize,
    at: Ms,
    place: Place,
) -> (Till, &'static [&'static str]) {
    match place {
        Place::Partner => (partner(scene, shopper, at, false), &[]),
        Place::PartnerLiquor => (partner(scene, shopper, at, true), &[RISKY_CATEGORY]),
        Place::Unknown => (outsider(scene, shopper, outsiders::UNKNOWN), &[UNKNOWN_MERCHANT]),
        Place::Risky => (outsider(scene, shopper, outsiders::RISKY), &[UNKNOWN_MERCHANT, RISKY_CATEGORY]),
        Place::Abroad => (abroad(scene, outsiders::ABROAD), &[UNKNOWN_MERCHANT, FOREIGN]),
        Place::AbroadRisky => {
            (abroad(scene, outsiders::ABROAD_RISKY), &[UNKNOWN_MERCHANT, FOREIGN, RISKY_CATEGORY])
        }
    }
}

/// A small, a usual or a large sum: R12 to R2,400, in cents.
fn amount(scene: &mut Scene) -> i64 {
    let (low, high) = *scene.dice.pick(&[(1_200, 6_000), (6_000, 45_000), (45_000, 240_000)]);
    scene.dice.between(low, high)
}

/// A till of a partner store in the shopper's city that the card can have reached by `at`.
fn partner(scene: &mut Scene, shopper: usize, at: Ms, liquor: bool) -> Till {
    let city = scene.shoppers[shopper].city;
    let stores = scene.stores.iter().enumerate();
    let suits =
        stores.filter(|(_, store)| store.city == city && store.liquor == liquor && !store.is_astray());
    let suits: Vec<usize> = suits.map(|(number, _)| number).collect();
    let near = |store: &&usize| scene.arrival(shopper, **store) + 2 * MINUTE <= at;
    let reached: Vec<usize> = suits.iter().filter(near).copied().collect();
    let nearest = suits.iter().min_by_key(|store| scene.arrival(shopper, **store));
    let store = match (reached.is_empty(), nearest) {
        (true, Some(nearest)) => *nearest,
        _ => *scene.dice.pick(&reached),
    };
    swipe::till(scene, store)
}

/// A till at home that is no partner's.
pub(super) fn outsider(scene: &mut Scene, shopper: usize, list: &[Outsider]) -> Till {
    let (name, category) = *scene.dice.pick(list);
    let city = super::stores::CITIES[scene.shoppers[shopper].city].name;
    Till {
        name: name.to_owned(),
        category,
        city: city.to_owned(),
        country: SOUTH_AFRICA,
        currency: if scene.dice.chance(500) { "zar" } else { "ZAR" },
        store: None,
    }
}

/// A till in another country.
pub(super) fn abroad(scene: &mut Scene, list: &[(Outsider, &str, Country, &'static str)]) -> Till {
    let ((name, category), city, country, currency) = *scene.dice.pick(list);
    Till { name: name.to_owned(), category, city: city.to_owned(), country, currency, store: None }
}

/// A card that was never recorded, at a partner's till: only that is known about it.
fn unknown_card(scene: &mut Scene, worker: &mut Worker) {
    let at = worker.cursor + scene.dice.between(MINUTE, 10 * MINUTE);
    let till = loop {
        let till = partner(scene, worker.shopper, Ms::MAX, false);
        if till.category != "5912" {
            break till;
        }
    };
    let cents = amount(scene);
    let story = "theft: a card nobody recorded";
    let mut swipe = Swipe::theft(worker.shopper, at, cents, till, &[UNKNOWN_CARD], story);
    let card = if scene.dice.chance(500) {
        format!("99{:06}", scene.number(super::scene::Numbered::Swipe))
    } else {
        scene.dice.hex(64)
    };
    swipe.card = Some(card);
    swipe::send(scene, &swipe);
}

/// An honest purchase whose after-event gets lost.
fn feed_gap(scene: &mut Scene, worker: &mut Worker) {
    let order = order::plan(scene, worker, Want::ORDINARY);
    let till = swipe::till(scene, order.store);
    let cents = swipe::fair_cents(scene, order.supplied_cents);
    let story = "feed fault: no after-event";
    let mut swipe = Swipe::honest(worker.shopper, order.paid, cents, till, story);
    if scene.has_time_for_feed_gap(order.paid) {
        swipe.after = After::Never;
    } else {
        swipe.story = swipe::HONEST;
    }
    swipe::send(scene, &swipe);
    swipe::slip(scene, worker.shopper, &order, order.store, cents, order.paid);
    order::finish(scene, worker, &order);
}
