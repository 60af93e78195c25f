//! The whole daemon on PostgreSQL: the same story leaves the same state as on SQLite.

mod cluster;
mod state;

use crate::support::{Daemon, Options, command, line, order, small_world, swipe, with};
use cluster::Cluster;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use state::{part, questions, state};

async fn clock(daemon: &Daemon, time: &str) {
    daemon.clock(&format!("2026-01-05T{time}Z")).await;
}

/// A swipe two seconds after the last one, so that no two share a millisecond.
async fn at(daemon: &Daemon, time: &str, hook: &str, event: &Value) -> Value {
    clock(daemon, time).await;
    let (status, answer) = daemon.hook_raw(hook, event.to_string()).await;
    assert!(status.is_success(), "{hook}: {answer}");
    answer
}

fn every_kind() -> Vec<Value> {
    let at = "2026-01-05T07:00:00Z";
    vec![
        line(
            "shift",
            json!({"id": "shift-1", "shopper_id": "shopper-1", "starts_at": at, "ends_at": "2026-01-05T15:00:00Z"}),
        ),
        line(
            "customer",
            json!({"id": "customer-1", "name": "Lerato Dlamini", "created_at": at, "lat": -26.1, "lng": 28.05, "total_spend_cents": 5}),
        ),
        line(
            "slip",
            json!({"id": "slip-1", "order_ids": ["order-1"], "store_id": "store-1", "card_id": "card-1", "total_cents": 40_000, "at": at}),
        ),
        line(
            "complaint",
            json!({"id": "complaint-1", "customer_id": "customer-1", "type": "missing_items", "images_required": true, "images_received": false, "at": at}),
        ),
        line(
            "compensation",
            json!({"id": "compensation-1", "customer_id": "customer-1", "complaint_type": "missing_items", "amount_cents": 900, "at": at}),
        ),
        line("exception", json!({"id": "exception-1", "order_id": "order-1", "manual": true, "at": at})),
        line(
            "bank_transaction",
            json!({"id": "bank-1", "card_id": "card-1", "status": "posted", "amount_cents": 40_000, "at": at}),
        ),
        line(
            "delivery_area",
            json!({"id": "area-1", "name": "North", "polygon": [[28.0, -26.0], [28.1, -26.0], [28.1, -26.1]]}),
        ),
        line("order", order("order-1", 50_000)),
        line(
            "order",
            with(
                &order("order-old", 9_000),
                json!({"updated_at": "2026-01-05T07:40:00Z", "supplied_cents": 8_000, "cancelled_at": at, "status": "cancelled"}),
            ),
        ),
    ]
}

async fn ingest(daemon: &Daemon) {
    daemon.ingest(&small_world()).await;
    let first = daemon.ingest(&every_kind()).await;
    assert_eq!((&first["accepted"], &first["unchanged"]), (&json!(10), &json!(0)));
    let again = daemon.ingest(&every_kind()).await;
    assert_eq!((&again["accepted"], &again["unchanged"]), (&json!(0), &json!(10)));
    let older = with(&order("order-old", 1), json!({"updated_at": "2026-01-05T07:39:00Z"}));
    assert_eq!(daemon.ingest(&[line("order", older)]).await["unchanged"], 1);
    let bad = format!("{}\nnot json\n", line("shopper", json!({"id": "shopper-x"})));
    let (status, answer) = daemon.ingest_text(bad).await;
    assert_eq!((status, answer["rejected"].as_array().unwrap().len()), (StatusCode::OK, 2));
}

async fn swipes(daemon: &Daemon) {
    let honest = swipe("card-1", "r1", 40_000);
    at(daemon, "08:00:01", "before", &honest).await;
    assert_eq!(at(daemon, "08:00:03", "before", &honest).await["duplicate"], true);
    at(daemon, "08:00:05", "after", &honest).await;
    assert_eq!(at(daemon, "08:00:07", "after", &honest).await["duplicate"], true);
    let theft = swipe("card-2", "r2", 10_000);
    at(daemon, "08:00:09", "before", &theft).await;
    let fuel = json!({"merchant": {"name": "Engen Sandton", "category": {"code": "5541"}}});
    at(daemon, "08:00:11", "before", &with(&swipe("card-2", "r3", 70_000), fuel)).await;
    let foreign = with(
        &swipe("card-1", "r4", 1_000),
        json!({"currencyCode": "USD", "merchant": {"country": {"code": "US"}}}),
    );
    at(daemon, "08:00:13", "before", &foreign).await;
    at(daemon, "08:00:15", "after", &foreign).await;
    at(
        daemon,
        "08:00:17",
        "before",
        &with(&swipe("card-1", "r5", 1_500), json!({"reference": "simulation"})),
    )
    .await;
    at(daemon, "08:00:19", "before", &with(&swipe("card-1", "r6", 1_600), json!({"reference": null}))).await;
    at(daemon, "08:00:21", "after", &with(&swipe("card-1", "r6", 1_600), json!({"reference": null}))).await;
    at(daemon, "08:00:23", "before", &swipe("card-new", "r7", 2_000)).await;
    at(daemon, "08:00:25", "before", &swipe("card-1", "r1", 41_000)).await;
    at(
        daemon,
        "08:00:27",
        "before",
        &with(&swipe("card-2", "r8", 3_000), json!({"merchant": {"city": "4111 1111 1111 1111"}})),
    )
    .await;
    at(daemon, "08:00:29", "after", &swipe("card-2", "r9", 3_100)).await;
    at(daemon, "08:00:31", "before", &swipe("card-2", "r9", 3_100)).await;
    at(daemon, "08:00:33", "reversal", &with(&theft, json!({"centsAmount": -4_000}))).await;
    at(daemon, "08:00:35", "adjustment", &with(&honest, json!({"centsAmount": 39_000}))).await;
    at(daemon, "08:00:37", "before", &swipe("card-1", "r10", 5_000)).await;
    at(daemon, "08:00:39", "decline", &swipe("card-1", "r10", 5_000)).await;
    at(daemon, "08:00:41", "reversal", &swipe("card-nobody", "r11", 900)).await;
}

/// Orders, stores and cards that come after their swipes.
async fn late_facts(daemon: &Daemon) {
    clock(daemon, "08:01:00").await;
    let late = json!({"shopper_id": "shopper-2", "id": "order-2", "assigned_at": "2026-01-05T07:45:00Z"});
    daemon.ingest(&[line("order", with(&order("order-2", 20_000), late))]).await;
    clock(daemon, "08:01:10").await;
    daemon
        .ingest(&[line(
            "card",
            json!({"id": "card-3", "masked_number": "422254XXXXXX7031",
        "shopper_id": "shopper-1", "other_ids": ["card-new"], "issuer": "investec"}),
        )])
        .await;
    daemon
        .ingest(&[line(
            "store",
            json!({"id": "store-3", "name": "Engen Sandton", "merchant_aliases": ["ENGEN SANDTON"]}),
        )])
        .await;
    clock(daemon, "08:17:00").await;
    at(daemon, "08:17:02", "after", &swipe("card-2", "r8", 3_000)).await;
    at(daemon, "08:17:04", "before", &swipe("card-nobody", "r11", 900)).await;
}

async fn put_rule(daemon: &Daemon, id: &str, body: Value) -> (StatusCode, Value) {
    daemon.desk(Method::PUT, &format!("/v1/rules/{id}"), Some(body)).await
}

async fn acts(daemon: &Daemon) {
    clock(daemon, "08:20:00").await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    daemon.patch_settings(json!({"slack_webhook_url": "http://127.0.0.1:9/slack", "shopper_webhook_url": "http://127.0.0.1:9/shopper",
        "shopper_webhook_secret": secret, "fallback": "approve", "duplicate_window_secs": 60, "desk_link": "https://desk.example"})).await;
    daemon.desk_post("/v1/cards/card-2/deactivate", json!({"reason": "stolen", "note": "said so"})).await;
    at(daemon, "08:20:02", "before", &swipe("card-2", "r20", 1_000)).await;
    daemon.desk_post("/v1/cards/card-2/activate", json!({"reason": "found again"})).await;
    let (status, rule) = put_rule(
        daemon,
        "too_round",
        json!({"mode": "live", "outcome": "decline_and_deactivate",
        "expression": "swipe.amount_cents == p.cents", "parameters": {"cents": 7_777}}),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{rule}");
    assert_eq!(
        put_rule(daemon, "too_round", json!({"expression": "swipe."})).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    at(daemon, "08:20:04", "before", &swipe("card-1", "r21", 7_777)).await;
    assert_eq!(put_rule(daemon, "too_round", json!({"mode": "shadow"})).await.1["version"], 2);
    assert_eq!(put_rule(daemon, "unknown_merchant", json!({"mode": "off"})).await.0, StatusCode::OK);
    clock(daemon, "08:20:06").await;
    let alerts = daemon.items("/v1/alerts?status=open&limit=500").await;
    let id = |at: usize| alerts[at]["id"].as_str().unwrap().to_owned();
    for (alert, act, body) in [
        (id(0), "assign", json!({"assignee": "me"})),
        (id(0), "note", json!({"text": "called the shopper"})),
        (id(1), "snooze", json!({"until": "2026-01-05T09:00:00Z"})),
        (id(2), "disposition", json!({"disposition": "confirmed_fraud", "note": "on camera"})),
        (id(2), "reopen", json!({"reason": "not him"})),
        (id(3), "disposition", json!({"disposition": "false_positive"})),
    ] {
        daemon.desk_post(&format!("/v1/alerts/{alert}/{act}"), body).await;
    }
    let (status, _) = daemon
        .desk(Method::POST, &format!("/v1/alerts/{}/assign", id(3)), Some(json!({"assignee": "me"})))
        .await;
    assert_eq!(status, StatusCode::CONFLICT, "a resolved alert is not assigned");
}

/// Lists, drafts, a replay, and a hold that a person confirms.
async fn rules_at_work(daemon: &Daemon) {
    clock(daemon, "08:20:08").await;
    daemon.desk(Method::PUT, "/v1/lists/vips", Some(json!({"kind": "custom", "note": "ours"}))).await;
    daemon.desk(Method::DELETE, "/v1/lists/vips", None).await;
    let url = format!("{}/v1/lists/deny_merchants/import?replace=true", daemon.desk);
    let csv = "entry\nSHELL SANDTON\nBP SANDTON\n";
    let (status, answer) = daemon.send(Method::POST, url, &daemon.token, Some(csv.to_owned())).await;
    assert_eq!((status, &answer["added"]), (StatusCode::OK, &json!(2)), "{answer}");
    let change = json!({"add": ["ENGEN"], "remove": ["BP SANDTON"]});
    daemon.desk_post("/v1/lists/deny_merchants/entries", change).await;
    let shell = json!({"merchant": {"name": "SHELL SANDTON"}});
    let denied = at(daemon, "08:20:10", "before", &with(&swipe("card-2", "r30", 900), shell)).await;
    assert_eq!(denied["outcome"], "decline", "{denied}");
    let draft = json!({"id": "foreign", "outcome": "decline_and_deactivate"});
    for (second, act) in [(10, "withdraw"), (11, "publish")] {
        clock(daemon, &format!("08:20:{second}")).await;
        let made = daemon.desk_post("/v1/drafts", draft.clone()).await;
        daemon.desk_post(&format!("/v1/drafts/{}/{act}", made["id"].as_str().unwrap()), json!({})).await;
    }
    let abroad = with(&swipe("card-3", "r31", 900), json!({"currencyCode": "USD"}));
    at(daemon, "08:20:12", "before", &abroad).await;
    daemon.desk_post("/v1/cards/card-3/confirm-hold", json!({"note": "seen"})).await;
    let rule = json!({"id": "foreign", "mode": "shadow"});
    daemon.replay(json!({"rule": rule, "from": "2026-01-05T00:00:00Z"})).await;
}

async fn messages(daemon: &Daemon) {
    let log = json!({"level": "error", "message": "no answer within 1700 ms", "hook": "before", "card": {"id": "card-1"}});
    let url = format!("{}/v1/webhooks/investec/log", daemon.partner);
    let (status, _) = daemon.send(Method::POST, url, &daemon.webhook_key, Some(log.to_string())).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    clock(daemon, "08:21:00").await;
    for kind in ["slack", "shopper_webhook", "native"] {
        daemon.desk_post("/v1/test-message", json!({"kind": kind})).await;
    }
    let shown = daemon.items("/v1/notifications").await;
    assert!(!shown.is_empty());
    daemon
        .desk_post(&format!("/v1/notifications/{}/shown", shown[0]["id"].as_str().unwrap()), json!({}))
        .await;
    // A day of retries later every undelivered message is a dead letter.
    daemon.clock("2026-01-06T09:00:00Z").await;
    let dead = daemon.items("/v1/outbox?state=dead&kind=slack").await;
    assert!(!dead.is_empty(), "Slack is dead and so are its messages");
    daemon.desk_post(&format!("/v1/outbox/{}/resend", dead[0]["id"].as_str().unwrap()), json!({})).await;
    let spare = daemon.desk_post("/v1/keys", json!({"name": "spare", "scope": "ingest"})).await;
    daemon.desk_post(&format!("/v1/keys/{}/revoke", spare["id"].as_str().unwrap()), json!({})).await;
}

async fn scenario(daemon: &Daemon) {
    daemon.patch_settings(json!({"deadline_ms": 1_900})).await;
    ingest(daemon).await;
    swipes(daemon).await;
    late_facts(daemon).await;
    acts(daemon).await;
    rules_at_work(daemon).await;
    messages(daemon).await;
}

/// Whether the questions above reach every GET that the document names.
async fn asks_everything(daemon: &Daemon) {
    let asked = questions(daemon).await;
    let paths: Vec<&str> = asked.iter().map(|path| path.split('?').next().unwrap()).collect();
    let document = daemon.get("/v1/openapi.json").await;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |asked: &&&str| {
            let asked: Vec<&str> = asked.split('/').collect();
            asked.len() == parts.len() && parts.iter().zip(&asked).all(|(p, a)| p.starts_with('{') || p == a)
        };
        let stream = path == "/v1/events";
        assert!(
            operations["get"].is_null() || stream || paths.iter().find(fits).is_some(),
            "nobody asks {path}"
        );
    }
    let events = daemon
        .http
        .get(format!("{}/v1/events", daemon.desk))
        .bearer_auth(&daemon.token)
        .send()
        .await
        .unwrap();
    assert_eq!(events.status(), StatusCode::OK);
}

fn proves(daemon: &Daemon, database: Option<&str>) {
    for name in ["check", "verify-audit"] {
        let mut args = vec![name, "--data-dir", daemon.data_dir.to_str().unwrap()];
        args.extend(database.into_iter().flat_map(|database| ["--database", database]));
        let (sound, _, said) = command(&args);
        assert!(sound, "{name}: {said}");
    }
}

/// If this fails, a team that moves to PostgreSQL gets another program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_story_leaves_the_same_state_on_both_engines() {
    let Some(cluster) = Cluster::start() else { return };
    let address = cluster.database("story");
    let on_postgres =
        Daemon::start_with(Options { database: Some(address.clone()), ..Options::default() }).await;
    let on_sqlite = Daemon::start().await;
    scenario(&on_postgres).await;
    scenario(&on_sqlite).await;
    asks_everything(&on_postgres).await;
    for (daemon, word) in [(&on_postgres, "on"), (&on_sqlite, "full")] {
        assert_eq!(daemon.get("/v1/feed-health").await["storage"]["synchronous"], word);
    }
    let (left, right) = (state(&on_postgres).await, state(&on_sqlite).await);
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    let mut found = Vec::new();
    left.iter().for_each(|(path, body)| part(path, body, &right[path], &mut found));
    assert!(found.is_empty(), "{} differences, PostgreSQL | SQLite:\n{}", found.len(), found.join("\n"));
    proves(&on_postgres, Some(&address));
    proves(&on_sqlite, None);
}

/// If this fails, a restart on PostgreSQL forgets or refuses what it holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_postgres_keeps_everything() {
    let Some(cluster) = Cluster::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let database = Some(cluster.database("restart"));
    let options = || Options {
        database: database.clone(),
        data_dir: Some(dir.path().to_owned()),
        ..Options::default()
    };
    let mut daemon = Daemon::start_with(options()).await;
    daemon.ingest(&small_world()).await;
    let answer = daemon.before(&swipe("card-1", "p1", 1_000)).await;
    daemon.desk_post("/v1/cards/card-2/deactivate", json!({"reason": "stolen"})).await;
    daemon.kill();
    let daemon = Daemon::start_with(options()).await;
    let same = daemon.before(&swipe("card-1", "p1", 1_000)).await;
    assert_eq!((&same["decision_id"], &same["duplicate"]), (&answer["decision_id"], &json!(true)));
    assert_eq!(daemon.before(&swipe("card-2", "p2", 1_000)).await["outcome"], "decline");
    let place = [dir.path().to_str().unwrap(), "--database", database.as_deref().unwrap()];
    let (made, _, said) = command(&["backup", "copy.db", "--data-dir", place[0], place[1], place[2]]);
    assert!(!made && said.contains("pg_dump"), "PostgreSQL has its own tools, and we say so: {said}");
}
