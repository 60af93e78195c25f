//! Arrivals of a demo world taken together, where nobody could tell: few statements then serve many.
//!
//! Within an epoch records are taken before swipes and swipes before reports. Arrivals that touch the same
//! shopper keep their order: one that would overtake another ends the epoch.

use crate::clock;
use fraud::authorization::Swipe;
use fraud::bank_event::EventKind;
use fraud::record::Record;
use fraud::time::{MINUTE_MS, UnixMs};
use std::collections::HashMap;
use store::ingest::RECORDS_PER_SLICE;
use store::load::Step;

/// Longest span of one epoch: its records count as received at its end.
const EPOCH_MS: i64 = 2 * MINUTE_MS;

pub enum Item {
    Record(Box<Record>),
    Swipe(Swipe),
    Report(EventKind, Swipe),
}

/// The order of kinds within an epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Record,
    Swipe,
    Report,
}

impl Item {
    fn phase(&self) -> Phase {
        match self {
            Item::Record(_) => Phase::Record,
            Item::Swipe(_) => Phase::Swipe,
            Item::Report(..) => Phase::Report,
        }
    }
}

#[derive(Default)]
pub struct Epoch {
    since: Option<UnixMs>,
    records: Vec<Record>,
    swipes: Vec<(Swipe, String)>,
    reports: Vec<(EventKind, Swipe, String)>,
    last: Option<UnixMs>,
    /// How far each shopper, card and order has come.
    reached: HashMap<String, Phase>,
    /// Whom the cards seen so far are given to, over all epochs.
    holders: HashMap<String, String>,
    closed: bool,
    stores: bool,
}

impl Epoch {
    /// What an arrival touches.
    fn subjects(&self, item: &Item) -> Vec<String> {
        let holder = |card: &str| self.holders.get(card).cloned().unwrap_or_else(|| card.to_owned());
        match item {
            Item::Record(record) => match record.as_ref() {
                Record::Order(order) => {
                    let shopper = order.shopper_id.as_ref().map(|id| id.as_str().to_owned());
                    shopper.into_iter().chain([format!("order {}", order.id.as_str())]).collect()
                }
                Record::Card(card) => {
                    let shopper = card.shopper_id.as_ref().map(|id| id.as_str().to_owned());
                    shopper.into_iter().chain([holder(card.id.as_str())]).collect()
                }
                Record::Shift(shift) => vec![shift.shopper_id.as_str().to_owned()],
                Record::Shopper(shopper) => vec![shopper.id.as_str().to_owned()],
                Record::Store(_)
                | Record::Customer(_)
                | Record::Slip(_)
                | Record::Complaint(_)
                | Record::Compensation(_)
                | Record::Exception(_)
                | Record::BankTransaction(_)
                | Record::DeliveryArea(_) => vec![],
            },
            Item::Swipe(event) | Item::Report(_, event) => vec![holder(event.presented_card_id.as_str())],
        }
    }

    /// Whether an arrival of `now` may join without overtaking another.
    pub fn takes(&self, item: &Item, now: UnixMs) -> bool {
        let phase = item.phase();
        let overtakes = || {
            self.subjects(item)
                .iter()
                .any(|subject| self.reached.get(subject).is_some_and(|reached| *reached > phase))
        };
        !(self.closed
            || self.stores
            || self.since.is_some_and(|since| now.since(since) > EPOCH_MS)
            || overtakes())
    }

    pub fn add(&mut self, item: Item, now: UnixMs) {
        self.since.get_or_insert(now);
        self.last = Some(now);
        for subject in self.subjects(&item) {
            self.reached.insert(subject, item.phase());
        }
        match item {
            Item::Record(record) => {
                if let Record::Card(card) = record.as_ref()
                    && let Some(shopper) = &card.shopper_id
                {
                    for id in std::iter::once(&card.id).chain(&card.other_ids) {
                        self.holders.insert(id.as_str().to_owned(), shopper.as_str().to_owned());
                    }
                }
                self.stores |= matches!(record.as_ref(), Record::Store(_));
                self.records.push(*record);
                self.closed |= self.records.len() >= RECORDS_PER_SLICE;
            }
            Item::Swipe(swipe) => self.swipes.push((swipe, clock::id("auth", now))),
            Item::Report(kind, event) => self.reports.push((kind, event, clock::id("evt", now))),
        }
    }

    /// Whether stores were taken since this was last asked.
    pub fn took_stores(&mut self) -> bool {
        std::mem::take(&mut self.stores)
    }

    /// The steps of this epoch, which begins anew.
    pub fn end(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(now) = self.last.take().filter(|_| !self.records.is_empty()) {
            steps.push(Step::Records(std::mem::take(&mut self.records), now));
        }
        if !self.swipes.is_empty() {
            steps.push(Step::Swipes(std::mem::take(&mut self.swipes)));
        }
        let reports = std::mem::take(&mut self.reports);
        steps.extend(reports.into_iter().map(|(kind, event, id)| Step::Report(kind, Box::new(event), id)));
        self.reached.clear();
        (self.closed, self.since) = (false, None);
        steps
    }
}
