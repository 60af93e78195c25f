//! One customer's order: planned into a shopper's day, then told to the order system as its status advances.

use super::catalogue::{Basket, Goods};
use super::dice::Dice;
use super::roster::Shift;
use super::scene::{Numbered, Scene, rfc3339};
use super::stores::{self, Store};
use super::truth::{DAY, HOUR, MINUTE, Ms, OPEN_AFTER, OPEN_BEFORE, SECOND};
use serde_json::{Value, json};

/// How fast orders follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    History,
    Live,
}

/// A shopper at work: where in time they are and which orders are still warm.
pub(super) struct Worker {
    /// Index of the shopper.
    pub shopper: usize,
    /// The next order is assigned no earlier.
    pub cursor: Ms,
    /// No order of theirs is open after this (until a new one is assigned).
    pub clear: Ms,
    pub pace: Pace,
    /// When today's work began.
    pub since: Ms,
    /// Today's shift, told once it is over.
    pub shift: Option<Shift>,
    /// When the latest order was assigned.
    pub last_start: Ms,
    /// Families of recent orders' stores and the end of those orders' windows.
    recent: Vec<(&'static str, Ms)>,
}

impl Worker {
    pub fn new(shopper: usize) -> Self {
        Self {
            shopper,
            cursor: 0,
            clear: 0,
            pace: Pace::History,
            since: 0,
            shift: None,
            last_start: 0,
            recent: Vec::new(),
        }
    }

    /// The earliest assignment whose window meets no earlier order's window.
    pub fn alone_from(&self, dice: &mut Dice) -> Ms {
        let gap = dice.between(60, 200) * SECOND;
        self.cursor.max(self.clear + OPEN_BEFORE + gap)
    }

    /// Whether an order of this family assigned at `assigned` could be confused with a recent one.
    fn is_warm(&self, family: &str, assigned: Ms) -> bool {
        self.recent.iter().any(|&(warm, end)| warm == family && end + MINUTE >= assigned - OPEN_BEFORE)
    }
}

/// What an episode asks of an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    pub goods: Goods,
    /// No other order of the shopper is open at any time in this one's window.
    pub alone: bool,
    /// Everything was in stock, so the value supplied is the basket's.
    pub complete: bool,
    /// The basket is worth at least this much.
    pub least_cents: i64,
    /// The basket is worth at most this much, or twice what it is worth at least.
    pub most_cents: i64,
    /// Which stores will do.
    pub store: fn(&Store) -> bool,
}

impl Want {
    pub const ORDINARY: Self = Self {
        goods: Goods::Grocery,
        alone: false,
        complete: false,
        least_cents: 0,
        most_cents: i64::MAX,
        store: |_| true,
    };

    /// An order of its own, clear of all others.
    pub const ALONE: Self = Self { alone: true, ..Self::ORDINARY };

    /// The same where the map is right, since nothing else tells where the shopper is yet.
    pub const MAPPED: Self = Self { store: |store| !store.is_astray(), ..Self::ALONE };

    /// An order a theft is measured by.
    pub const MARK: Self = Self { complete: true, least_cents: 20_000, most_cents: 150_000, ..Self::ALONE };
}

/// An order with the times of its life (all Ms) and of the lines that tell of it.
pub(super) struct Order {
    pub store: usize,
    pub goods: Goods,
    pub basket: Basket,
    pub assigned: Ms,
    /// When the shopper pays.
    pub paid: Ms,
    /// When it is delivered or cancelled.
    pub ended: Ms,
    pub cancelled: bool,
    /// Whether the order system states `assigned_at` (it is `placed` otherwise).
    pub stamped: bool,
    pub supplied_cents: i64,
    /// When each line arrives: placed, picking, purchased, delivered or cancelled.
    pub lines: [Option<Ms>; 4],
    pub placed: Ms,
    pub id: String,
    shopper: usize,
    alone: bool,
}

impl Order {
    /// Cents of the basket before discounts.
    pub fn basket_cents(&self) -> i64 {
        self.basket.ordered_cents()
    }

    /// Moves payment and end, and lets every line arrive just after what it tells.
    pub fn schedule(&mut self, dice: &mut Dice, paid: Ms, ended: Ms) {
        self.paid = paid;
        self.ended = ended;
        let mut soon = |at: Ms| Some(at + dice.between(150, 2_500));
        self.lines = [soon(self.placed), soon(self.assigned), soon(self.purchased()), soon(ended)];
    }

    /// The order is cancelled at its end instead of bought and delivered.
    pub fn cancel(&mut self) {
        self.cancelled = true;
        self.lines[2] = None;
    }

    fn purchased(&self) -> Ms {
        (self.paid.max(self.assigned) + 20 * SECOND).min(self.ended)
    }

    /// The end of the window in which a swipe belongs to it.
    fn window_end(&self) -> Ms {
        self.ended + OPEN_AFTER
    }
}

/// Plans an order for `worker` at the next free moment.
pub(super) fn plan(scene: &mut Scene, worker: &Worker, want: Want) -> Order {
    let assigned = if want.alone { worker.alone_from(&mut scene.dice) } else { worker.cursor };
    plan_at(scene, worker, want, assigned)
}

/// Plans an order for `worker` assigned at `assigned`.
pub(super) fn plan_at(scene: &mut Scene, worker: &Worker, want: Want, assigned: Ms) -> Order {
    let (store, goods) = choose_store(scene, worker, want, assigned);
    // The shopper must be able to get there; one who works alone can even be early.
    let early = if want.alone { -9 * MINUTE } else { 3 * MINUTE };
    let assigned = assigned.max(scene.arrival(worker.shopper, store) - early);
    let dice = &mut scene.dice;
    let mut basket = Basket::draw(dice, goods, want.least_cents, want.complete);
    while basket.ordered_cents() > want.most_cents.max(want.least_cents * 2) {
        basket = Basket::draw(dice, goods, want.least_cents, want.complete);
    }
    let (picking, driving, waiting) = match worker.pace {
        Pace::History => ((12, 22), (14, 26), (3, 25)),
        Pace::Live => ((4, 7), (4, 7), (1, 10)),
    };
    let mut minutes = |(low, high): (i64, i64)| dice.between(low * MINUTE, high * MINUTE);
    let placed = assigned - minutes(waiting);
    let paid = assigned + minutes(picking);
    let ended = paid + minutes(driving);
    let supplied_cents = basket.supplied_cents();
    let id = format!("order-{:06}", scene.number(Numbered::Order));
    let mut order = Order {
        store,
        goods,
        basket,
        assigned,
        paid,
        ended,
        cancelled: false,
        stamped: true,
        supplied_cents,
        lines: [None; 4],
        placed,
        id,
        shopper: worker.shopper,
        alone: want.alone,
    };
    order.schedule(&mut scene.dice, paid, ended);
    order
}

/// A store that will do and cannot be confused with a recent order's; any quiet store where none will.
fn choose_store(scene: &mut Scene, worker: &Worker, want: Want, assigned: Ms) -> (usize, Goods) {
    let city = scene.shoppers[worker.shopper].city;
    let quiet = |store: &Store| store.city == city && !worker.is_warm(store.brand.family, assigned);
    let suits = |store: &Store| match want.goods {
        Goods::Liquor => store.liquor,
        Goods::Mixed => store.annex.is_some(),
        Goods::Grocery | Goods::Pharmacy => !store.liquor,
    };
    let open = |suits: &dyn Fn(&Store) -> bool| -> Vec<usize> {
        let stores = scene.stores.iter().enumerate();
        stores.filter(|(_, store)| quiet(store) && suits(store)).map(|(at, _)| at).collect()
    };
    let mut found = open(&|store| suits(store) && (want.store)(store));
    let mut goods = want.goods;
    if found.is_empty() {
        found = open(&|store| !store.liquor);
        goods = Goods::Grocery;
    }
    assert!(!found.is_empty(), "a city has more families than a shopper has warm orders");
    let store = *scene.dice.pick(&found);
    if goods == Goods::Grocery && scene.stores[store].category() == "5912" {
        goods = Goods::Pharmacy;
    }
    (store, goods)
}

/// Tells the order's whole life and moves `worker` on.
pub(super) fn finish(scene: &mut Scene, worker: &mut Worker, order: &Order) {
    let home = home(scene, order.store);
    let base = base_line(scene, order, &home);
    let statuses = ["placed", "picking", "purchased"];
    for (status, arrives) in statuses.into_iter().zip(order.lines) {
        let Some(at) = arrives else { continue };
        let mut line = base.clone();
        stamp(scene, order, &mut line, status);
        scene.ingest(at, "order", line);
    }
    if let Some(at) = order.lines[3] {
        let mut line = base;
        stamp(scene, order, &mut line, if order.cancelled { "cancelled" } else { "delivered" });
        scene.ingest(at, "order", line);
        aftermath(scene, order, &home, at);
    }
    worker.last_start = worker.last_start.max(order.assigned);
    let rest = match worker.pace {
        Pace::History => scene.dice.between(2 * MINUTE, 9 * MINUTE),
        Pace::Live => scene.dice.between(MINUTE, 3 * MINUTE),
    };
    worker.cursor = worker.cursor.max(order.ended + rest);
    worker.clear = worker.clear.max(order.window_end());
    if order.alone {
        worker.cursor = worker.cursor.max(order.window_end() + OPEN_BEFORE + rest);
    }
    worker.recent.retain(|&(_, end)| end + HOUR > order.assigned);
    let family = scene.stores[order.store].brand.family;
    worker.recent.push((family, order.window_end()));
}

/// Who ordered, and where it goes.
struct Home {
    customer: usize,
    lat: f64,
    lng: f64,
}

/// Somebody near the store; where nobody lives there, a customer of that city who is elsewhere today.
fn home(scene: &mut Scene, store: usize) -> Home {
    let near = &scene.neighbours[store];
    if near.is_empty() {
        let (lat, lng) = (scene.stores[store].lat, scene.stores[store].lng);
        let (lat, lng) = stores::near(&mut scene.dice, lat, lng);
        return Home { customer: scene.dice.index(scene.customers.len()), lat, lng };
    }
    let customer = *scene.dice.pick(near);
    let known = &scene.customers[customer];
    Home { customer, lat: known.lat, lng: known.lng }
}

fn base_line(scene: &mut Scene, order: &Order, home: &Home) -> Value {
    let customer = &scene.customers[home.customer];
    let mut line = json!({
        "id": order.id,
        "customer_id": customer.id,
        "store_id": scene.stores[order.store].id,
        "placed_at": rfc3339(order.placed),
        "basket_cents": order.basket_cents(),
        "delivery": {"address": customer.address, "lat": home.lat, "lng": home.lng},
    });
    line["items"] = order.basket.lines(false);
    if scene.dice.chance(120) {
        let last4 = format!("{:04}", scene.dice.between(0, 9_999));
        line["payments"] = json!([{
            "card_fingerprint": scene.dice.hex(16),
            "last4": last4,
            "bank": *scene.dice.pick(&["FNB", "Capitec", "Absa", "Nedbank", "Standard Bank"]),
            "name_on_card": customer.name,
            "outcome": "approved",
            "response": "Approved",
            "at": rfc3339(order.placed),
        }]);
    }
    if scene.dice.chance(40) {
        line["coupon"] = json!({"code": "PAYDAY", "type": "marketing", "discount_cents": 2_500});
    }
    if scene.dice.chance(250) {
        line["tip_cents"] = (scene.dice.between(2, 10) * 500).into();
    }
    line
}

/// Adds to `line` what is known once the order has reached `status`.
fn stamp(scene: &Scene, order: &Order, line: &mut Value, status: &str) {
    line["status"] = status.into();
    let updated = match status {
        "placed" => order.placed,
        "picking" => order.assigned,
        "purchased" => order.purchased(),
        _ => order.ended,
    };
    line["updated_at"] = rfc3339(updated).into();
    if status != "placed" {
        line["shopper_id"] = scene.shoppers[order.shopper].id.as_str().into();
        if order.stamped {
            line["assigned_at"] = rfc3339(order.assigned).into();
        }
    }
    if status == "delivered" {
        line["completed_at"] = rfc3339(order.ended).into();
        line["supplied_cents"] = order.supplied_cents.into();
        line["items"] = order.basket.lines(true);
    }
    if status == "cancelled" {
        line["cancelled_at"] = rfc3339(order.ended).into();
    }
}

/// Now and then a customer complains, is compensated, or an exception is made.
fn aftermath(scene: &mut Scene, order: &Order, home: &Home, ended: Ms) {
    if order.cancelled || !scene.dice.chance(35) {
        return;
    }
    let kind = *scene.dice.pick(&["missing_items", "late_delivery", "damaged_items", "wrong_items"]);
    let customer = scene.customers[home.customer].id.clone();
    let at = ended + scene.dice.between(10 * MINUTE, 5 * HOUR);
    if scene.dice.chance(700) {
        let required = kind != "late_delivery";
        let received = required && scene.dice.chance(800);
        let line = json!({
            "id": format!("complaint-{:05}", scene.number(Numbered::Other)), "customer_id": customer,
            "order_id": order.id, "type": kind, "images_required": required, "images_received": received,
            "at": rfc3339(at),
        });
        scene.ingest(at, "complaint", line);
    }
    if scene.dice.chance(400) {
        let paid_at = at + scene.dice.between(10 * MINUTE, DAY);
        let line = json!({
            "id": format!("compensation-{:05}", scene.number(Numbered::Other)), "customer_id": customer,
            "order_id": order.id, "complaint_type": kind, "at": rfc3339(paid_at),
            "amount_cents": scene.dice.between(4, 40) * 500,
        });
        scene.ingest(paid_at, "compensation", line);
    }
    if scene.dice.chance(300) {
        let line = json!({
            "id": format!("exception-{:05}", scene.number(Numbered::Other)), "customer_id": customer,
            "order_id": order.id, "manual": scene.dice.chance(600), "at": rfc3339(at),
        });
        scene.ingest(at, "exception", line);
    }
}
