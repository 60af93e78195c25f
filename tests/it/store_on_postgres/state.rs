//! All that a desk can read of a daemon, made comparable with another daemon's.

use crate::support::Daemon;
use reqwest::StatusCode;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

const KINDS: [&str; 12] = [
    "store",
    "shopper",
    "shift",
    "card",
    "customer",
    "order",
    "slip",
    "complaint",
    "compensation",
    "exception",
    "bank_transaction",
    "delivery_area",
];

/// Every GET of the desk with each filter that changes its statement.
pub async fn questions(daemon: &Daemon) -> Vec<String> {
    let first = |items: Vec<Value>| items[0]["id"].as_str().unwrap().to_owned();
    let alert = first(daemon.items("/v1/alerts?rule=no_open_order").await);
    let swipe = first(daemon.items("/v1/authorizations?reference=r2").await);
    let mut asked: Vec<String> = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/status",
        "/v1/feed-health",
        "/v1/card-logs",
        "/v1/cards?sort=last_swipe",
        "/v1/cards?sort=open_alerts&limit=2",
        "/v1/cards?sort=masked_number",
        "/v1/cards?q=nkosi",
        "/v1/cards?status=deactivated",
        "/v1/cards/card-1",
        "/v1/cards/card-new",
        "/v1/cards/card-2/history",
        "/v1/authorizations",
        "/v1/authorizations?card_id=card-2&outcome=approve&simulated=false&q=makro",
        "/v1/authorizations?rule=risky_category",
        "/v1/authorizations?from=2026-01-05T08:00:10Z&to=2026-01-05T08:00:40Z&limit=3",
        "/v1/bank-events",
        "/v1/bank-events?unmatched=true&limit=1",
        "/v1/alerts",
        "/v1/alerts?status=resolved&limit=2",
        "/v1/alerts?rule=feed_gap&card_id=card-1&severity=warning",
        "/v1/alerts?assignee=me",
        "/v1/alerts?simulated=true",
        "/v1/alerts?snoozed=true",
        "/v1/alerts?snoozed=false&q=makro",
        "/v1/rules",
        "/v1/rules/too_round/versions",
        "/v1/rules/statistics",
        "/v1/rules/statistics?from=2026-01-05T08:00:00Z&to=2026-01-05T08:00:20Z",
        "/v1/rules/vocabulary",
        "/v1/drafts",
        "/v1/drafts?status=all",
        "/v1/lists",
        "/v1/lists/deny_merchants/entries",
        "/v1/lists/deny_merchants/entries?q=shell&limit=1",
        "/v1/replays",
        "/v1/alerts/export?status=resolved",
        "/v1/cards/export?status=held",
        "/v1/cards/export",
        "/v1/authorizations/export?card_id=card-2",
        "/v1/settings",
        "/v1/outbox?limit=3",
        "/v1/outbox?state=dead&kind=slack",
        "/v1/notifications",
        "/v1/keys",
        "/v1/audit?limit=500",
        "/v1/audit?limit=7",
        "/v1/audit?subject=card:card-1",
    ]
    .map(str::to_owned)
    .to_vec();
    let replay = first(daemon.items("/v1/replays").await);
    asked.extend([
        format!("/v1/replays/{replay}"),
        format!("/v1/alerts/{alert}"),
        format!("/v1/authorizations?alert_id={alert}"),
        format!("/v1/authorizations/{swipe}"),
        format!("/v1/bank-events?authorization_id={swipe}"),
    ]);
    for kind in KINDS {
        let id =
            daemon.items(&format!("/v1/records/{kind}?limit=1")).await[0]["id"].as_str().unwrap().to_owned();
        asked.extend([format!("/v1/records/{kind}?limit=1"), format!("/v1/records/{kind}/{id}")]);
    }
    for report in ["decisions-per-hour", "alerts-per-hour", "decision-latency"] {
        for form in ["svg?theme=light&hours=48", "csv?hours=48", "json?hours=30&card_id=card-2"] {
            asked.push(format!("/v1/reports/{report}.{form}"));
        }
    }
    asked
}

/// Replaces ids, which each run makes anew, by their kind and the order of their first mention.
struct Names {
    seen: HashMap<String, String>,
}

impl Names {
    const KINDS: [&'static str; 8] = ["auth_", "alr_", "evt_", "key_", "log_", "rep_", "draft_", "replay_"];

    fn plain(&mut self, text: &str) -> String {
        let word = |c: char| c.is_ascii_alphanumeric();
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let next = Self::KINDS.iter().filter_map(|kind| Some((rest.find(kind)?, kind.len()))).min();
            let Some((from, length)) = next else { return plain + rest };
            let tail = &rest[from + length..];
            let end = tail.find(|c| !word(c)).unwrap_or(tail.len());
            plain.push_str(&rest[..from]);
            // An alert bears the number of its authorization.
            if end >= 20 {
                let number = format!("{}", self.seen.len() + 1);
                plain.push_str(&rest[from..from + length]);
                plain.push_str(self.seen.entry(tail[..end].to_owned()).or_insert(number));
            } else {
                plain.push_str(&rest[from..from + length + end]);
            }
            rest = &tail[end..];
        }
    }
}

/// Fields that tell of this run or this engine alone.
const OF_THE_RUN: [&str; 13] = [
    "hash",
    "previous_hash",
    "database_bytes",
    "engine",
    "synchronous",
    "partner_url",
    "latency",
    "started_at",
    "attempts",
    "next_attempt_at",
    "next",
    "last_used_at",
    "late_answers_24h",
];

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            OF_THE_RUN.iter().for_each(|field| drop(fields.remove(*field)));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// A list whole, page by page; anything else as it is.
async fn answer(daemon: &Daemon, path: &str) -> Value {
    let request = daemon.http.get(format!("{}{path}", daemon.desk)).bearer_auth(&daemon.token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}: {}", response.text().await.unwrap());
    let text = response.text().await.unwrap();
    let mut body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    if body["next"].is_string() {
        body["items"] = daemon.every(path).await.into();
    }
    // Both were made in the same instant at the start.
    if path == "/v1/keys" {
        body["items"].as_array_mut().unwrap().sort_by_key(|key| key["name"].to_string());
    }
    strip(&mut body);
    body
}

pub async fn state(daemon: &Daemon) -> BTreeMap<String, Value> {
    let mut names = Names { seen: HashMap::new() };
    let mut state = BTreeMap::new();
    for (number, path) in questions(daemon).await.into_iter().enumerate() {
        let body = answer(daemon, &path).await;
        // Real time: metrics count seconds, the latency of decisions is never the same twice.
        if path == "/metrics" || path.contains("decision-latency") {
            continue;
        }
        let plain = names.plain(&body.to_string());
        state.insert(format!("{number:02} {}", names.plain(&path)), serde_json::from_str(&plain).unwrap());
    }
    state
}

/// Where two answers part, as `path: left | right`.
pub fn part(at: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(l), Value::Object(r)) if l.keys().eq(r.keys()) => {
            l.iter().for_each(|(key, value)| part(&format!("{at}.{key}"), value, &r[key], found));
        }
        (Value::Array(l), Value::Array(r)) if l.len() == r.len() => {
            l.iter().zip(r).enumerate().for_each(|(n, (l, r))| part(&format!("{at}[{n}]"), l, r, found));
        }
        _ if left == right => {}
        _ => found.push(format!("{at}: {left} | {right}")),
    }
}
