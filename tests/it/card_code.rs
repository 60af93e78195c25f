//! The bank's own emulator runs our card code against the real daemon.

use crate::support::{Daemon, T0, command, line, order, rules_of, small_world};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Once;
use tempfile::TempDir;

/// The bank waits this long and then approves.
const BANK_TIMER_MS: i64 = 2_000;

/// Where the packages of the tests are, installed.
pub fn card_code_dir() -> PathBuf {
    static INSTALLED: Once = Once::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("card-code");
    INSTALLED.call_once(|| {
        let packages = ["programmable-card-code-emulator", "@bufbuild/cel-spec"];
        if !packages.iter().all(|package| dir.join("node_modules").join(package).exists()) {
            let done = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&dir).output();
            assert!(done.is_ok_and(|done| done.status.success()), "npm ci in tests/card-code must work");
        }
    });
    dir
}

/// The bank: one process of the emulator with its own timer, and our code as it is printed.
struct Bank {
    child: Child,
    asks: ChildStdin,
    says: BufReader<ChildStdout>,
    code: TempDir,
    /// Everything it said, to look for secrets in.
    heard: String,
}

impl Drop for Bank {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bank {
    fn open() -> Self {
        let (printed, source, said) = command(&["card-code"]);
        assert!(printed, "{said}");
        let code = tempfile::tempdir().unwrap();
        std::fs::write(code.path().join("card.js"), source).unwrap();
        let mut node = Command::new("node");
        node.arg("bank.mjs").current_dir(card_code_dir()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = node.spawn().expect("node runs the bank's emulator");
        let asks = child.stdin.take().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Bank { child, asks, says, code, heard: String::new() }
    }

    /// A purchase, or one hook of it; `request` over what every swipe has.
    fn swipe(&mut self, env: &Value, request: Value) -> Value {
        let mut asked = json!({
            "code_path": self.code.path().join("card.js"), "env": env, "merchant": "MAKRO WOODMEAD",
            "city": "JOHANNESBURG", "card_id": "card-1", "date_time": T0
        });
        for (key, value) in request.as_object().unwrap() {
            asked[key] = value.clone();
        }
        writeln!(self.asks, "{asked}").unwrap();
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        self.heard.push_str(&line);
        let result: Value = serde_json::from_str(&line).unwrap();
        assert!(result["error"].is_null(), "{result}");
        result
    }
}

fn env(daemon: &Daemon) -> Value {
    json!({"CARTWARDEN_URL": daemon.partner, "CARTWARDEN_KEY": daemon.webhook_key, "FAIL_MODE": "decline", "blocked": "false"})
}

fn env_with(daemon: &Daemon, key: &str, value: &str) -> Value {
    let mut env = env(daemon);
    env[key] = value.into();
    env
}

async fn start() -> Daemon {
    let daemon = Daemon::start().await;
    daemon.patch_settings(json!({"deadline_ms": 1_500})).await;
    daemon.ingest(&small_world()).await;
    daemon
}

/// The one authorization under a reference.
async fn authorization(daemon: &Daemon, reference: &str) -> Value {
    let found = daemon.items(&format!("/v1/authorizations?reference={reference}")).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn by_code(result: &Value, approved: bool) {
    assert_eq!((&result["by"], &result["approved"]), (&json!("code"), &json!(approved)), "{result}");
    assert!(result["elapsed_ms"].as_i64().unwrap() < BANK_TIMER_MS, "{result}");
}

/// If this fails, honest shoppers are bothered at the till.
#[tokio::test]
async fn an_honest_order_is_approved_without_an_alert() {
    let daemon = start().await;
    daemon.ingest(&[line("order", order("order-1", 50_000))]).await;
    let result = Bank::open().swipe(&env(&daemon), json!({"cents": 45_000, "reference": "honest-1"}));
    by_code(&result, true);
    assert_eq!(result["after"], "done");
    let kept = authorization(&daemon, "honest-1").await;
    assert_eq!((&kept["outcome"], &kept["bank_state"]), (&json!("approve"), &json!("reported_success")));
    assert_eq!(daemon.items("/v1/alerts").await, [] as [Value; 0]);
}

/// If this fails, a theft goes by unseen, or a gross one is not stopped.
#[tokio::test]
async fn a_theft_is_alerted_and_a_gross_one_declined() {
    let (daemon, mut bank) = (start().await, Bank::open());
    let fuel = json!({"cents": 60_000, "mcc": "5541", "merchant": "ENGEN SANDTON", "reference": "theft-1"});
    by_code(&bank.swipe(&env(&daemon), fuel), true);
    let alerts = daemon.items("/v1/alerts?status=open").await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["rules"], json!(["no_open_order", "risky_category", "unknown_merchant"]));
    assert_eq!((&alerts[0]["card_id"], &alerts[0]["amount_cents"]), (&json!("card-1"), &json!(60_000)));

    daemon.ingest(&[line("order", json!({"id": "order-2", "customer_id": "customer-1", "store_id": "store-1",
        "shopper_id": "shopper-2", "placed_at": "2026-01-05T07:30:00Z", "status": "picking", "basket_cents": 10_000}))]).await;
    let far = json!({"cents": "90000", "card_id": "card-2", "reference": "theft-2"});
    by_code(&bank.swipe(&env(&daemon), far), false);
    let kept = authorization(&daemon, "theft-2").await;
    assert_eq!(kept["outcome"], "decline");
    assert_eq!(rules_of(&kept), ["over_order_value"]);
    assert_eq!(kept["events"][0]["kind"], "decline", "the bank's report of it arrived too: {kept}");
    assert_eq!(daemon.items("/v1/alerts?status=open&card_id=card-2").await.len(), 1);
}

/// If this fails, a deactivated card can still be used.
#[tokio::test]
async fn a_deactivated_card_is_declined_by_us_and_by_its_own_switch() {
    let (daemon, mut bank) = (start().await, Bank::open());
    daemon.ingest(&[line("order", order("order-1", 50_000))]).await;
    daemon.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen"})).await;
    by_code(&bank.swipe(&env(&daemon), json!({"cents": 1_000, "reference": "off-1"})), false);
    assert_eq!(rules_of(&authorization(&daemon, "off-1").await), ["card_deactivated"]);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let mut blocked = env_with(&daemon, "blocked", "true");
    blocked["CARTWARDEN_URL"] = format!("http://{}", silent.local_addr().unwrap()).into();
    let result = bank.swipe(&blocked, json!({"cents": 1_000, "reference": "off-2", "hook": "before"}));
    by_code(&result, false);
    let called = silent.accept();
    assert!(called.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock), "nobody is asked");
}

/// If this fails, the card's own fail mode does not hold while nothing listens.
#[tokio::test]
async fn a_refused_connection_gets_the_fail_mode() {
    let (daemon, mut bank) = (start().await, Bank::open());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (mode, approved) in [("decline", false), ("approve", true), ("", false), ("nonsense", false)] {
        let mut env = env_with(&daemon, "FAIL_MODE", mode);
        env["CARTWARDEN_URL"] = format!("http://{gone}").into();
        let result = bank.swipe(&env, json!({"cents": 1_000, "reference": "gone", "hook": "before"}));
        by_code(&result, approved);
    }
    assert_eq!(daemon.items("/v1/authorizations").await.len(), 0);
    assert!(!bank.heard.contains(&daemon.webhook_key), "the key is on the bank's log");
}

fn signal(name: &str, daemon: &Daemon) {
    let sent = Command::new("kill").args([name, &daemon.child.id().to_string()]).status();
    assert!(sent.is_ok_and(|sent| sent.success()), "kill {name}");
}

/// If this fails, purchases that the bank let through by itself stay unseen.
#[tokio::test]
async fn a_hung_daemon_shows_as_a_feed_fault() {
    let (daemon, mut bank) = (start().await, Bank::open());
    daemon.ingest(&[line("order", order("order-1", 50_000))]).await;
    signal("-STOP", &daemon);
    let asked =
        json!({"cents": 1_000, "reference": "hung-1", "hook": "before", "ignore_fetch_timeout": true});
    let result = bank.swipe(&env(&daemon), asked);
    signal("-CONT", &daemon);
    assert_eq!((&result["by"], &result["approved"]), (&json!("bank_timeout"), &json!(true)), "{result}");
    assert!(result["elapsed_ms"].as_i64().unwrap() >= BANK_TIMER_MS, "{result}");

    // Another card's question never reached us, only the report of what the bank did.
    let told = json!({"cents": 2_000, "card_id": "card-2", "reference": "hung-2", "hook": "after"});
    assert_eq!(bank.swipe(&env(&daemon), told)["after"], "done");
    // The question that hung is answered to nobody now; the after-hook above came behind it.
    while daemon.items("/v1/authorizations?reference=hung-1").await.is_empty() {
        tokio::task::yield_now().await;
    }
    daemon.clock("2026-01-05T08:16:00Z").await;
    let gaps = daemon.items("/v1/alerts?status=open&rule=feed_gap").await;
    let mut kinds: Vec<(&str, &str)> =
        gaps.iter().map(|g| (g["card_id"].as_str().unwrap(), g["gap_kind"].as_str().unwrap())).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("card-1", "missing_after"), ("card-2", "missing_before")], "{gaps:?}");
    assert_eq!(daemon.get("/v1/feed-health").await["open_feed_gaps"], 2);
}

/// If this fails, the bank's second call counts twice.
#[tokio::test]
async fn the_same_call_twice_gets_one_answer_and_one_alert() {
    let (daemon, mut bank) = (start().await, Bank::open());
    let asked = json!({"cents": 60_000, "reference": "twice-1"});
    let first = bank.swipe(&env(&daemon), asked.clone());
    let second = bank.swipe(&env(&daemon), asked);
    by_code(&first, true);
    by_code(&second, true);
    let kept = authorization(&daemon, "twice-1").await;
    assert_eq!((&kept["repeats"], kept["events"].as_array().unwrap().len()), (&json!(1), 1), "{kept}");
    let alerts = daemon.items("/v1/alerts").await;
    assert_eq!((alerts.len(), &alerts[0]["count"]), (1, &json!(1)), "{alerts:?}");
}

/// If this fails, nobody sees that the card code fails, or its key leaks.
#[tokio::test]
async fn errors_of_the_card_code_arrive_without_its_key() {
    let (daemon, mut bank) = (start().await, Bank::open());
    let long = "9".repeat(129);
    let refused = json!({"cents": 1_000, "card_id": long, "reference": "error-1", "hook": "before"});
    by_code(&bank.swipe(&env(&daemon), refused.clone()), false);
    by_code(&bank.swipe(&env_with(&daemon, "FAIL_MODE", "approve"), refused), true);
    // An after-hook waits for its report, so the log is there when it returns.
    let after = json!({"cents": 1_000, "card_id": "", "reference": "error-2", "hook": "after"});
    bank.swipe(&env(&daemon), after);
    let mut logs = daemon.items("/v1/card-logs").await;
    while logs.len() < 3 {
        logs = daemon.items("/v1/card-logs").await;
    }
    let count = |hook: &str| {
        let said =
            format!("{hook}: Cartwarden answered with status {}", StatusCode::UNPROCESSABLE_ENTITY.as_u16());
        logs.iter().filter(|log| log["message"] == said.as_str() && log["level"] == "error").count()
    };
    assert_eq!((count("before"), count("after")), (2, 1), "{logs:?}");

    let wrong = env_with(&daemon, "CARTWARDEN_KEY", "cw_a-key-that-was-revoked");
    by_code(&bank.swipe(&wrong, json!({"cents": 1_000, "reference": "error-3", "hook": "before"})), false);
    let logged = format!("{}{}{}", bank.heard, daemon.log(), json!(daemon.items("/v1/card-logs").await));
    for key in [daemon.webhook_key.as_str(), "cw_a-key-that-was-revoked"] {
        assert!(!logged.contains(key), "a key stands in a log");
    }
}
