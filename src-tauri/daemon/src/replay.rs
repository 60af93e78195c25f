//! Replays of drafts in the background: a chunk at a time, one replay after another, cancelled at any chunk.

use crate::app::App;
use crate::clock;
use crate::http::ApiError;
use fraud::alert::Disposition;
use fraud::decision::Outcome;
use fraud::replay::{PastSwipe, Replay as Judge, Said};
use fraud::rule::{Rule, RuleSet};
use fraud::time::{MINUTE_MS, UnixMs};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use store::past::{self, Named, Replayed};
use utoipa::ToSchema;

/// Finished replays kept for looking at; they are gone with the daemon.
const KEPT_MAX: usize = 20;
/// Swipes shown one by one.
const EXAMPLES_MAX: usize = 200;
/// Shoppers and stores shown, those with the largest change first.
const GROUPS_MAX: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    Waiting,
    Running,
    Done,
    Cancelled,
    Failed,
}

/// What one set of rules did with the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplaySide {
    /// Swipes on which a live rule fires, and the alerts they come to (10 minutes of one card are one alert).
    pub flagged: i64,
    pub alerts: i64,
    pub declined: i64,
    pub declined_cents: i64,
    /// Flagged swipes of alerts that people confirmed as fraud, or found false.
    pub confirmed: i64,
    pub false_positive: i64,
    /// Confirmed fraud that is not flagged.
    pub missed: i64,
    /// Confirmed of confirmed and false, in whole percent; null before either.
    pub precision_percent: Option<i64>,
    /// Swipes on which some rule could not be evaluated.
    pub failures: i64,
}

/// The same for one shopper or store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplayGroup {
    pub id: String,
    pub name: String,
    pub today_flagged: i64,
    pub draft_flagged: i64,
    pub today_declined: i64,
    pub draft_declined: i64,
}

/// A swipe that the two sets judge differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplayExample {
    pub authorization_id: String,
    pub received_at: UnixMs,
    pub card_id: String,
    pub merchant: String,
    pub amount_cents: i64,
    pub today_outcome: Outcome,
    pub draft_outcome: Outcome,
    pub today_rules: Vec<String>,
    pub draft_rules: Vec<String>,
    pub disposition: Option<Disposition>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplayResult {
    pub swipes: i64,
    /// Recorded before all facts were: left out.
    pub without_facts: i64,
    pub today: ReplaySide,
    pub draft: ReplaySide,
    pub by_shopper: Vec<ReplayGroup>,
    pub by_store: Vec<ReplayGroup>,
    pub examples: Vec<ReplayExample>,
    /// Swipes that today's rules judge otherwise than was decided then: the rules have changed since.
    pub unlike_then: i64,
    /// Swipes judged differently, of which `examples` shows the first.
    pub changed: i64,
    /// The draft changes how swipes are tied to orders; the replay keeps the ties as they were.
    pub links_as_recorded: bool,
}

/// A replay and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Replay {
    pub id: String,
    pub rule: Rule,
    pub from: UnixMs,
    pub to: UnixMs,
    pub status: ReplayStatus,
    pub started_at: UnixMs,
    pub finished_at: Option<UnixMs>,
    /// Swipes judged so far, of `total`.
    pub done: i64,
    pub total: i64,
    pub message: Option<String>,
    pub result: Option<ReplayResult>,
}

struct Entry {
    shown: Replay,
    cancel: Arc<AtomicBool>,
}

/// The replays of this daemon's life.
#[derive(Default)]
pub struct Replays {
    entries: Mutex<Vec<Entry>>,
    /// One at a time: a second would only make both slow.
    turn: tokio::sync::Mutex<()>,
}

impl Replays {
    fn with<T>(&self, id: &str, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter_mut().find(|entry| entry.shown.id == id).map(change)
    }

    pub fn get(&self, id: &str) -> Option<Replay> {
        self.with(id, |entry| entry.shown.clone())
    }

    pub fn all(&self) -> Vec<Replay> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().rev().map(|entry| entry.shown.clone()).collect()
    }

    pub fn cancel(&self, id: &str) -> Option<Replay> {
        self.with(id, |entry| {
            entry.cancel.store(true, Ordering::Release);
            entry.shown.clone()
        })
    }

    fn add(&self, shown: Replay) -> Result<Arc<AtomicBool>, ApiError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= KEPT_MAX {
            let ended =
                |entry: &Entry| !matches!(entry.shown.status, ReplayStatus::Waiting | ReplayStatus::Running);
            let Some(oldest) = entries.iter().position(ended) else {
                return Err(ApiError::conflict(
                    "too_many_replays",
                    "Cancel a replay first: too many are waiting.",
                ));
            };
            entries.remove(oldest);
        }
        let cancel = Arc::new(AtomicBool::new(false));
        entries.push(Entry { shown, cancel: cancel.clone() });
        Ok(cancel)
    }
}

/// Starts a replay of `rule`, which compiles, over a period.
///
/// # Errors
/// 409 when too many are waiting.
pub fn start(app: &Arc<App>, rule: Rule, from: UnixMs, to: UnixMs) -> Result<Replay, ApiError> {
    let now = app.clock.now();
    let shown = Replay {
        id: clock::id("replay", now),
        rule,
        from,
        to,
        status: ReplayStatus::Waiting,
        started_at: now,
        finished_at: None,
        done: 0,
        total: 0,
        message: None,
        result: None,
    };
    let cancel = app.replays.add(shown.clone())?;
    let (app, replay) = (app.clone(), shown.clone());
    tokio::spawn(async move {
        let _turn = app.replays.turn.lock().await;
        let ran = run(&app, &replay, &cancel).await;
        let now = app.clock.now();
        app.replays.with(&replay.id, |entry| {
            entry.shown.finished_at = Some(now);
            (entry.shown.status, entry.shown.result, entry.shown.message) = match ran {
                Ok(Some(result)) => (ReplayStatus::Done, Some(result), None),
                Ok(None) => (ReplayStatus::Cancelled, None, None),
                Err(message) => (ReplayStatus::Failed, None, Some(message)),
            };
        });
        app.writer.announce("replay", &replay.id);
    });
    Ok(shown)
}

/// Runs a replay; `None` when it was cancelled.
async fn run(app: &Arc<App>, replay: &Replay, cancel: &AtomicBool) -> Result<Option<ReplayResult>, String> {
    let failed = |error: store::StoreError| error.to_string();
    let period = (replay.from, replay.to);
    let total = past::count(&app.database, replay.from, replay.to).await.map_err(failed)?;
    app.replays.with(&replay.id, |entry| {
        entry.shown.status = ReplayStatus::Running;
        entry.shown.total = total;
    });
    let versions = app.writer.versions();
    let today = versions.rules.clone();
    let draft = draft_set(&today, &replay.rule, versions.lists())?;
    let found = past::dispositions(&app.database, replay.from, replay.to).await.map_err(failed)?;
    let hold_ms = versions.settings.hold_minutes * MINUTE_MS;
    let mut tally = Box::new(Tally::new(today.clone(), draft, replay.rule.id.clone(), hold_ms, found));
    let mut chunk = past::read_chunk(&app.database, &today, period, None).await.map_err(failed)?;
    loop {
        if cancel.load(Ordering::Acquire) || *app.stop.borrow() {
            return Ok(None);
        }
        let (swipes, without_facts, next) = (chunk.swipes, chunk.without_facts, chunk.next);
        // The next chunk is read while this one is judged.
        let judging = tokio::task::spawn_blocking(move || {
            tally.take(swipes, without_facts);
            tally
        });
        let reading = async {
            match &next {
                Some(after) => past::read_chunk(&app.database, &today, period, Some(after)).await.map(Some),
                None => Ok(None),
            }
        };
        let (judged, read) = tokio::join!(judging, reading);
        tally = judged.map_err(|error| format!("the replay broke off: {error}"))?;
        let done = tally.result.swipes + tally.result.without_facts;
        app.replays.with(&replay.id, |entry| entry.shown.done = done);
        match read.map_err(failed)? {
            Some(read) => chunk = read,
            None => break,
        }
    }
    let links_as_recorded = changes_links(&today, &replay.rule);
    let result = tally.finish(app, links_as_recorded).await.map_err(failed)?;
    Ok(Some(result))
}

/// Today's rules with the draft in its place, or after them.
fn draft_set(
    today: &RuleSet,
    draft: &Rule,
    lists: &Arc<fraud::lists::Lists>,
) -> Result<Arc<RuleSet>, String> {
    let mut rules: Vec<Rule> = today.iter().cloned().collect();
    match rules.iter_mut().find(|rule| rule.id == draft.id) {
        Some(rule) => *rule = draft.clone(),
        None => rules.push(draft.clone()),
    }
    let set = RuleSet::compile(today.version, rules, lists).map_err(|(id, bad)| format!("{id}: {bad}"))?;
    Ok(Arc::new(set))
}

/// Whether the draft changes the tolerances by which swipes are tied to orders.
fn changes_links(today: &RuleSet, draft: &Rule) -> bool {
    let minutes = |rule: &Rule| (rule.whole("early_minutes", 10), rule.whole("late_minutes", 30));
    draft.id == fraud::shipped::NO_OPEN_ORDER
        && today.get(&draft.id).is_some_and(|rule| minutes(rule) != minutes(draft))
}

/// What a replay has counted so far.
struct Tally {
    judge: Judge,
    found: HashMap<String, Disposition>,
    by_shopper: HashMap<String, ReplayGroup>,
    by_store: HashMap<String, ReplayGroup>,
    result: ReplayResult,
}

impl Tally {
    fn new(
        today: Arc<RuleSet>,
        draft: Arc<RuleSet>,
        changed: String,
        hold_ms: i64,
        found: HashMap<String, Disposition>,
    ) -> Self {
        Tally {
            judge: Judge::new(today, draft, changed, hold_ms),
            found,
            by_shopper: HashMap::new(),
            by_store: HashMap::new(),
            result: ReplayResult::default(),
        }
    }

    fn take(&mut self, swipes: Vec<Replayed>, without_facts: usize) {
        self.result.without_facts += i64::try_from(without_facts).unwrap_or(i64::MAX);
        for replayed in swipes {
            let (today, draft) = self.judge.step(&replayed.past);
            let found = self.found.get(&replayed.past.authorization_id).copied();
            self.result.swipes += 1;
            let same = (today.outcome, &today.rules) == (replayed.past.outcome, &replayed.past.rules);
            self.result.unlike_then += i64::from(!same);
            count(&mut self.result.today, &replayed.past, &today, found);
            count(&mut self.result.draft, &replayed.past, &draft, found);
            self.group(&replayed, &today, &draft);
            if today.outcome != draft.outcome || today.rules.is_empty() != draft.rules.is_empty() {
                self.result.changed += 1;
                if self.result.examples.len() < EXAMPLES_MAX {
                    self.result.examples.push(example(replayed, today, draft, found));
                }
            }
        }
    }

    fn group(&mut self, replayed: &Replayed, today: &Said, draft: &Said) {
        if today.rules.is_empty() && draft.rules.is_empty() {
            return;
        }
        let declined = |said: &Said| i64::from(said.outcome == Outcome::Decline);
        let flagged = |said: &Said| i64::from(!said.rules.is_empty());
        let groups = [
            (&mut self.by_shopper, replayed.shopper_id.as_ref()),
            (&mut self.by_store, replayed.store_id.as_ref()),
        ];
        for (groups, id) in groups {
            let Some(id) = id else { continue };
            let group = groups.entry(id.clone()).or_insert_with(|| ReplayGroup {
                id: id.clone(),
                name: id.clone(),
                ..ReplayGroup::default()
            });
            group.today_flagged += flagged(today);
            group.draft_flagged += flagged(draft);
            group.today_declined += declined(today);
            group.draft_declined += declined(draft);
        }
    }

    async fn finish(
        mut self: Box<Self>,
        app: &App,
        links_as_recorded: bool,
    ) -> Result<ReplayResult, store::StoreError> {
        for side in [&mut self.result.today, &mut self.result.draft] {
            let judged = side.confirmed + side.false_positive;
            side.precision_percent = (judged > 0).then(|| side.confirmed * 100 / judged);
        }
        self.result.links_as_recorded = links_as_recorded;
        self.result.by_shopper = named(app, Named::Shopper, largest(self.by_shopper)).await?;
        self.result.by_store = named(app, Named::Store, largest(self.by_store)).await?;
        Ok(self.result)
    }
}

fn count(side: &mut ReplaySide, past: &PastSwipe, said: &Said, found: Option<Disposition>) {
    let flagged = !said.rules.is_empty();
    side.flagged += i64::from(flagged);
    side.alerts += i64::from(said.raises_alert);
    side.failures += i64::from(said.failures > 0);
    if said.outcome == Outcome::Decline {
        side.declined += 1;
        side.declined_cents = side.declined_cents.saturating_add(past.amount_cents.max(0));
    }
    match found {
        Some(Disposition::ConfirmedFraud) if flagged => side.confirmed += 1,
        Some(Disposition::ConfirmedFraud) => side.missed += 1,
        Some(Disposition::FalsePositive) if flagged => side.false_positive += 1,
        Some(Disposition::FalsePositive | Disposition::Inconclusive | Disposition::Explained) | None => {}
    }
}

fn example(replayed: Replayed, today: Said, draft: Said, disposition: Option<Disposition>) -> ReplayExample {
    ReplayExample {
        authorization_id: replayed.past.authorization_id,
        received_at: replayed.past.received_at,
        card_id: replayed.past.card_id,
        merchant: replayed.merchant,
        amount_cents: replayed.past.amount_cents,
        today_outcome: today.outcome,
        draft_outcome: draft.outcome,
        today_rules: today.rules,
        draft_rules: draft.rules,
        disposition,
    }
}

/// The groups with the largest change, then those with the most flagged.
fn largest(groups: HashMap<String, ReplayGroup>) -> Vec<ReplayGroup> {
    let mut groups: Vec<ReplayGroup> = groups.into_values().collect();
    groups.sort_by_key(|g| {
        let change = (g.draft_flagged - g.today_flagged).abs() + (g.draft_declined - g.today_declined).abs();
        (std::cmp::Reverse(change), std::cmp::Reverse(g.draft_flagged), g.id.clone())
    });
    groups.truncate(GROUPS_MAX);
    groups
}

async fn named(
    app: &App,
    kind: Named,
    mut groups: Vec<ReplayGroup>,
) -> Result<Vec<ReplayGroup>, store::StoreError> {
    let ids: Vec<String> = groups.iter().map(|group| group.id.clone()).collect();
    let names = past::names(&app.database, kind, &ids).await?;
    for group in &mut groups {
        if let Some(name) = names.get(&group.id) {
            group.name.clone_from(name);
        }
    }
    Ok(groups)
}
