//! The world outside the window: the bank, the order system, and a second pair of eyes on the desk API.

use std::{fs, path::Path, process::Command, time::Duration};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{
    desktop::{Desktop, program},
    processes::until,
};

/// The bank's id of a card and the number that people see.
#[derive(Debug, Clone, Copy)]
pub struct TestCard {
    pub id: &'static str,
    pub masked_number: &'static str,
}

pub const CARD: TestCard = TestCard { id: "card-7072", masked_number: "422254XXXXXX7072" };
pub const OTHER_CARD: TestCard = TestCard { id: "card-3118", masked_number: "422254XXXXXX3118" };

pub fn http() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("an HTTP client")
}

/// What `daemon.json` says now.
pub fn daemon_json(data_dir: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(data_dir.join("daemon.json")).ok()?).ok()
}

pub fn daemon_pid(data_dir: &Path) -> Option<u32> {
    u32::try_from(daemon_json(data_dir)?["pid"].as_u64()?).ok()
}

/// The daemon's answer to `/healthz`, if it gives one.
pub async fn is_healthy(data_dir: &Path) -> bool {
    let Some(desk_url) = daemon_json(data_dir).and_then(|json| Some(json["desk_url"].as_str()?.to_owned()))
    else {
        return false;
    };
    let answer = http().get(format!("{desk_url}/healthz")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// A bank and an order system with their keys.
pub struct Feed {
    http: Client,
    partner_url: String,
    desk_url: String,
    token: String,
    webhook_key: String,
    ingest_key: String,
    swipes: u32,
}

impl Feed {
    /// Connects to the daemon that the window started.
    pub async fn connect(desktop: &Desktop) -> Self {
        let data_dir = &desktop.data_dir;
        until("the daemon is healthy", async || is_healthy(data_dir).await.then_some(())).await;
        let mut feed = Self {
            http: http(),
            partner_url: String::new(),
            desk_url: String::new(),
            token: String::new(),
            webhook_key: add_key(data_dir, "bank", "webhook"),
            ingest_key: add_key(data_dir, "orders", "ingest"),
            swipes: 0,
        };
        feed.reconnect(data_dir);
        feed
    }

    /// Reads where the daemon listens now: a restarted one has new ports.
    pub fn reconnect(&mut self, data_dir: &Path) {
        let ready = daemon_json(data_dir).expect("daemon.json is there");
        let url = |name: &str| ready[name].as_str().expect("an address").trim_end_matches('/').to_owned();
        self.partner_url = url("partner_url");
        self.desk_url = url("desk_url");
        let token = fs::read_to_string(data_dir.join("desk.token")).expect("desk.token is there");
        self.token = token.trim().to_owned();
    }

    /// A store and two shoppers with their cards. No order: whatever they buy is suspicious.
    pub async fn add_cards(&self) {
        let mut lines = vec![json!({"kind": "store",
            "data": {"id": "makro-woodmead", "name": "Makro Woodmead", "kind": "grocery"}})];
        for (card, shopper, name) in
            [(CARD, "shopper-1", "Thandi Mokoena"), (OTHER_CARD, "shopper-2", "Sipho Dube")]
        {
            lines.push(json!({"kind": "shopper", "data": {"id": shopper, "name": name}}));
            lines.push(json!({"kind": "card", "data": {"id": card.id,
                "masked_number": card.masked_number, "shopper_id": shopper}}));
        }
        self.ingest(&lines).await;
    }

    /// An order open now for `CARD`'s shopper at the store, worth more than a swipe.
    pub async fn add_open_order(&self) {
        let placed_at = now() - TimeDelta::minutes(20);
        let lines = [
            json!({"kind": "customer", "data": {"id": "customer-1", "name": "Anna Botha", "created_at": text(placed_at)}}),
            json!({"kind": "order", "data": {"id": "order-1", "customer_id": "customer-1", "store_id": "makro-woodmead",
                "placed_at": text(placed_at), "status": "picking", "shopper_id": "shopper-1",
                "assigned_at": text(placed_at), "basket_cents": 50_000,
                "items": [{"name": "Rice 5 kg", "quantity": 1, "unit_price_cents": 50_000}]}}),
        ];
        self.ingest(&lines).await;
    }

    async fn ingest(&self, lines: &[Value]) {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let request = self.http.post(format!("{}/v1/ingest", self.partner_url));
        let answer = request.bearer_auth(&self.ingest_key).body(body).send().await.expect("an answer");
        let status = answer.status();
        let answer: Value =
            serde_json::from_str(&answer.text().await.expect("a body")).expect("an ingest answer");
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["rejected"], json!([]), "{answer}");
    }

    /// The bank asks about a swipe of R191.90; the daemon's decision.
    pub async fn swipe(&mut self, card: TestCard) -> Value {
        self.swipe_of(card.id).await
    }

    /// The same of any card.
    pub async fn swipe_of(&mut self, card_id: &str) -> Value {
        self.swipes += 1;
        let body = json!({
            "accountNumber": "10011001100", "dateTime": text(now()), "centsAmount": 19_190,
            "currencyCode": "zar", "type": "card", "reference": format!("window-{}", self.swipes),
            "card": {"id": card_id},
            "merchant": {"category": {"code": "5411", "key": "grocery_stores_supermarkets",
                    "name": "Grocery Stores, Supermarkets"},
                "name": "Makro Woodmead", "city": "Johannesburg",
                "country": {"code": "ZA", "alpha3": "ZAF", "name": "South Africa"}}
        });
        let request = self.http.post(format!("{}/v1/webhooks/investec/before", self.partner_url));
        let answer = request.bearer_auth(&self.webhook_key).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.expect("a decision")
    }

    /// A GET on the desk API, past the window.
    pub async fn desk(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.desk_url)).bearer_auth(&self.token);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("JSON")
    }
}

/// The rules named in a decision.
pub fn rules(decision: &Value) -> Vec<&str> {
    let reasons = decision["reasons"].as_array().expect("reasons");
    reasons.iter().filter_map(|reason| reason["rule"].as_str()).collect()
}

fn add_key(data_dir: &Path, name: &str, scope: &str) -> String {
    let mut command = Command::new(program("cartwardend"));
    command.args(["key", "add", "--name", name, "--scope", scope, "--data-dir"]).arg(data_dir);
    let output = command.output().expect("cartwardend runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a secret").trim().to_owned()
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The bank and the order system live in real time here, as the window's daemon does.
#[expect(clippy::disallowed_methods, reason = "a stand-in for systems with clocks of their own")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
