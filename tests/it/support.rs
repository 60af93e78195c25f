//! A real daemon on a directory of its own, and what tests say to it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::Duration;
use tempfile::TempDir;

/// Where every test's clock begins.
pub const T0: &str = "2026-01-05T08:00:00Z";

/// The daemon's binary; built first unless `cargo desk test` has built everything.
pub fn binary() -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        if std::env::var_os("CARTWARDEN_PREBUILT").is_none() {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let built = Command::new(cargo).args(["build", "--quiet", "-p", "cartwardend"]).status();
            assert!(built.is_ok_and(|status| status.success()), "cartwardend must build");
        }
    });
    // .../target/debug/deps/it-HASH: the daemon lies two up.
    let here = std::env::current_exe().unwrap();
    here.parent().unwrap().parent().unwrap().join("cartwardend")
}

/// Whether the long variants were asked for.
pub fn long() -> bool {
    std::env::var_os("CARTWARDEN_LONG").is_some()
}

pub struct Options {
    pub test_clock: Option<&'static str>,
    pub data_dir: Option<PathBuf>,
    pub database: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { test_clock: Some(T0), data_dir: None, database: None }
    }
}

pub struct Daemon {
    pub child: Child,
    pub data_dir: PathBuf,
    pub partner: String,
    pub desk: String,
    pub token: String,
    pub webhook_key: String,
    pub ingest_key: String,
    pub http: reqwest::Client,
    _own: Option<TempDir>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the daemon's binary and answers (success, stdout, stderr).
pub fn command(args: &[&str]) -> (bool, String, String) {
    command_in(args, "")
}

/// The same with something on standard input.
pub fn command_in(args: &[&str], input: &str) -> (bool, String, String) {
    let mut command = Command::new(binary());
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn spawn(options: &Options, data_dir: &Path) -> Child {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    if let Some(at) = options.test_clock {
        command.args(["--test-clock", at]);
    }
    if let Some(database) = &options.database {
        command.args(["--database", database]);
    }
    let log = std::fs::File::create(data_dir.join("stderr.log")).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap()
}

impl Daemon {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts on the directory of `options`, or a fresh one that goes with the daemon.
    pub async fn start_with(options: Options) -> Self {
        let own = options.data_dir.is_none().then(|| tempfile::tempdir().unwrap());
        let data_dir = options.data_dir.clone().unwrap_or_else(|| own.as_ref().unwrap().path().to_owned());
        std::fs::create_dir_all(&data_dir).unwrap();
        let mut child = spawn(&options, &data_dir);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut log = String::new();
            std::fs::File::open(data_dir.join("stderr.log")).unwrap().read_to_string(&mut log).unwrap();
            panic!("no ready line but {line:?}: {log}")
        });
        assert_eq!(ready["event"], "ready");
        let url = |name: &str| ready[name].as_str().unwrap().to_owned();
        let mut daemon = Daemon {
            child,
            partner: url("partner_url"),
            desk: url("desk_url"),
            token: std::fs::read_to_string(data_dir.join("desk.token")).unwrap().trim().to_owned(),
            webhook_key: String::new(),
            ingest_key: String::new(),
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap(),
            data_dir,
            _own: own,
        };
        daemon.webhook_key = daemon.key("webhook").await;
        daemon.ingest_key = daemon.key("ingest").await;
        daemon
    }

    /// A new key of `scope`, made at the desk.
    pub async fn key(&self, scope: &str) -> String {
        let key = self.desk_post("/v1/keys", json!({"name": format!("test {scope}"), "scope": scope})).await;
        key["secret"].as_str().unwrap().to_owned()
    }

    pub async fn send(
        &self,
        method: Method,
        url: String,
        bearer: &str,
        body: Option<String>,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method, url).bearer_auth(bearer);
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn desk(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let body = body.map(|body| body.to_string());
        self.send(method, format!("{}{path}", self.desk), &self.token, body).await
    }

    /// A desk GET that must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.desk(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A desk POST that must succeed.
    pub async fn desk_post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.desk(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await["items"].as_array().unwrap().clone()
    }

    pub async fn hook_raw(&self, hook: &str, body: String) -> (StatusCode, Value) {
        let url = format!("{}/v1/webhooks/investec/{hook}", self.partner);
        self.send(Method::POST, url, &self.webhook_key, Some(body)).await
    }

    /// The bank's question; it must be answered.
    pub async fn before(&self, event: &Value) -> Value {
        let (status, answer) = self.hook_raw("before", event.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// A report of the bank: after, decline, reversal or adjustment.
    pub async fn report(&self, hook: &str, event: &Value) -> Value {
        let (status, answer) = self.hook_raw(hook, event.to_string()).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        answer
    }

    pub async fn ingest_text(&self, text: String) -> (StatusCode, Value) {
        self.send(Method::POST, format!("{}/v1/ingest", self.partner), &self.ingest_key, Some(text)).await
    }

    /// Ingests records that must all be taken.
    pub async fn ingest(&self, lines: &[Value]) -> Value {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        let (status, answer) = self.ingest_text(text.join("\n")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["rejected"], json!([]), "{answer}");
        answer
    }

    /// Moves the test clock; every due worker has run when this returns.
    pub async fn clock(&self, now: &str) {
        self.desk_post("/v1/test/clock", json!({"now": now})).await;
    }

    pub async fn patch_settings(&self, body: Value) -> Value {
        let (status, answer) = self.desk(Method::PATCH, "/v1/settings", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// kill -9, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Everything the daemon wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("stderr.log")).unwrap()
    }
}

/// The bank's event for a swipe, in the bank's own form, at T0 at Makro Woodmead.
pub fn swipe(card: &str, reference: &str, cents: i64) -> Value {
    json!({
        "accountNumber": "10011001100", "dateTime": T0, "centsAmount": cents, "currencyCode": "zar", "type": "card",
        "reference": reference, "card": {"id": card},
        "merchant": {
            "category": {"code": "5411", "key": "grocery_stores_supermarkets", "name": "Grocery Stores, Supermarkets"},
            "name": "MAKRO WOODMEAD", "city": "JOHANNESBURG",
            "country": {"code": "ZA", "alpha3": "ZAF", "name": "South Africa"}
        }
    })
}

/// `event` with `changes` laid over it, objects merged.
pub fn with(event: &Value, changes: Value) -> Value {
    fn merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, from) => *into = from,
        }
    }
    let mut event = event.clone();
    merge(&mut event, changes);
    event
}

pub fn line(kind: &str, data: Value) -> Value {
    json!({"kind": kind, "data": data})
}

/// A store, two shoppers with a card each: `card-1` of `shopper-1`, `card-2` of `shopper-2`.
pub fn small_world() -> Vec<Value> {
    vec![
        line("store", json!({"id": "store-1", "name": "Makro Woodmead", "lat": -26.06, "lng": 28.09})),
        line("store", json!({"id": "store-2", "name": "Pick n Pay Norwood", "lat": -26.15, "lng": 28.08})),
        line("shopper", json!({"id": "shopper-1", "name": "Thandi Nkosi"})),
        line("shopper", json!({"id": "shopper-2", "name": "Pieter Botha"})),
        line("card", json!({"id": "card-1", "masked_number": "422254XXXXXX7072", "shopper_id": "shopper-1"})),
        line("card", json!({"id": "card-2", "masked_number": "422254XXXXXX7049", "shopper_id": "shopper-2"})),
    ]
}

/// An open order of `shopper-1` at Makro Woodmead, placed 07:30.
pub fn order(id: &str, basket_cents: i64) -> Value {
    json!({"id": id, "customer_id": "customer-1", "store_id": "store-1", "shopper_id": "shopper-1",
           "placed_at": "2026-01-05T07:30:00Z", "status": "picking", "basket_cents": basket_cents})
}

/// Rules named in an answer or an alert, sorted.
pub fn rules_of(answer: &Value) -> Vec<String> {
    let mut rules: Vec<String> = answer["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["rule"].as_str().unwrap().to_owned())
        .collect();
    rules.sort();
    rules
}

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The instant `ms` after T0, as the wire writes it.
pub fn after_t0(ms: i64) -> String {
    let at = chrono::DateTime::parse_from_rfc3339(T0).unwrap() + chrono::Duration::milliseconds(ms);
    at.with_timezone(&chrono::Utc).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Looks until `look` finds something; panics, saying `what` was awaited, when that takes half a minute.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let found = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            tick.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    });
    found.await.unwrap_or_else(|_| panic!("{what}: not within 30 s"))
}

/// What Python 3's sqlite3 makes of `script` with `args`: the one way to touch a database from outside.
pub fn python(script: &str, args: &[&str]) -> String {
    let output = Command::new("python3").arg("-c").arg(script).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Daemon {
    /// A daemon with the small world in it.
    pub async fn with_small_world() -> Self {
        let daemon = Self::start().await;
        daemon.ingest(&small_world()).await;
        daemon
    }

    /// Runs a replay to its end.
    pub async fn replay(&self, asked: Value) -> Value {
        let started = self.desk_post("/v1/replays", asked).await;
        let path = format!("/v1/replays/{}", started["id"].as_str().unwrap());
        loop {
            let replay = self.get(&path).await;
            if !matches!(replay["status"].as_str(), Some("waiting" | "running")) {
                return replay;
            }
        }
    }

    /// Switches off the rules that look at earlier swipes, where a test sends many for another reason.
    pub async fn without_history_rules(&self) {
        for rule in ["split_purchase", "velocity", "impossible_travel"] {
            let (status, answer) =
                self.desk(Method::PUT, &format!("/v1/rules/{rule}"), Some(json!({"mode": "off"}))).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        }
    }

    /// A daemon on a directory that outlives it.
    pub async fn start_in(directory: &Path) -> Self {
        Self::start_with(Options { data_dir: Some(directory.to_owned()), ..Options::default() }).await
    }

    /// Alerts about swipes, newest first; feed gaps are left out.
    pub async fn alerts(&self) -> Vec<Value> {
        self.items("/v1/alerts?limit=500")
            .await
            .into_iter()
            .filter(|alert| alert["gap_kind"].is_null())
            .collect()
    }

    /// Feed gaps, newest first.
    pub async fn gaps(&self) -> Vec<Value> {
        self.items("/v1/alerts?limit=500")
            .await
            .into_iter()
            .filter(|alert| !alert["gap_kind"].is_null())
            .collect()
    }

    /// The only alert about swipes there is, whole.
    pub async fn the_alert(&self) -> Value {
        let alerts = self.alerts().await;
        assert_eq!(alerts.len(), 1, "{alerts:#?}");
        self.get(&format!("/v1/alerts/{}", alerts[0]["id"].as_str().unwrap())).await
    }

    /// The decision an answer names, as the desk sees it.
    pub async fn decision(&self, answer: &Value) -> Value {
        self.get(&format!("/v1/authorizations/{}", answer["decision_id"].as_str().unwrap())).await
    }

    /// Asks for an orderly stop and answers the exit code, if it ends within 10 s.
    pub async fn stop(&mut self) -> Option<i32> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success(), "SIGTERM must reach the daemon");
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        let ended = tokio::time::timeout(Duration::from_secs(10), async {
            loop {
                tick.tick().await;
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
            }
        });
        ended.await.ok().flatten()
    }
}

impl Daemon {
    /// Every item of a list, page by page; `path` has a query already.
    pub async fn every(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut page = self.get(path).await;
        loop {
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page["next"].as_str() else { return items };
            page = self.get(&format!("{path}&cursor={cursor}")).await;
        }
    }
}
