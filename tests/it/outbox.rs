//! Messages to Slack and to shoppers: exact, signed, never lost, never in the way of a swipe.

use crate::slack::{Mood, Receiver};
use crate::support::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

async fn with_slack() -> (Daemon, Receiver) {
    let (d, slack) = (Daemon::with_small_world().await, Receiver::start().await);
    d.patch_settings(json!({"slack_webhook_url": slack.url})).await;
    (d, slack)
}

/// Steps the workers at a time that has come already.
async fn step(d: &Daemon) {
    d.clock(d.get("/v1/status").await["now"].as_str().unwrap()).await;
}

#[tokio::test]
async fn slack_gets_exactly_the_users_lines_then_rule_and_link() {
    let (d, slack) = with_slack().await;
    d.before(&with(&swipe("card-1", "r-1", 19_190), json!({"merchant": {"name": "Makro Woodmead"}}))).await;
    step(&d).await;
    let taken = slack.taken();
    assert_eq!(taken.len(), 1, "one alert, one message");
    let id = d.the_alert().await["id"].as_str().unwrap().to_owned();
    let text = taken[0].text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..4],
        ["Potential fraud on:", "*Card:*422254XXXXXX7072", "Merchant: Makro Woodmead", "Amount: R191.90"],
        "the users asked for these lines exactly"
    );
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[4].to_lowercase().contains("no open order"), "then the rule: {text}");
    assert!(lines[5].contains(&id), "then the link to the alert: {text}");
}

#[tokio::test]
async fn amounts_read_as_people_here_write_them() {
    let (d, slack) = with_slack().await;
    d.before(&swipe("card-1", "r-1", 123_456_789)).await;
    d.before(&with(&swipe("card-2", "r-2", 5), json!({"currencyCode": "usd"}))).await;
    step(&d).await;
    let texts: Vec<String> = slack.taken().iter().map(|m| m.text()).collect();
    assert!(texts.iter().any(|text| text.contains("\nAmount: R1,234,567.89\n")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("\nAmount: USD 0.05\n")), "{texts:?}");
}

#[tokio::test]
async fn a_joined_swipe_and_a_repeat_send_no_further_message() {
    let (d, slack) = with_slack().await;
    for reference in ["r-1", "r-1", "r-2", "r-3"] {
        d.before(&swipe("card-1", reference, 100)).await;
    }
    step(&d).await;
    assert_eq!(slack.taken().len(), 1, "a channel that floods is a channel nobody reads");
}

#[tokio::test]
async fn a_merchants_name_can_neither_command_slack_nor_forge_a_line() {
    let (d, slack) = with_slack().await;
    for (card, name) in
        [("card-1", "<!channel> & Co"), ("card-2", "Shop\nAmount: R0.01\r\n<https://evil.example|Makro>")]
    {
        d.before(&with(&swipe(card, card, 100), json!({"merchant": {"name": name}}))).await;
    }
    step(&d).await;
    let texts: Vec<String> = slack.taken().iter().map(|m| m.text()).collect();
    assert_eq!(texts.len(), 2);
    for text in &texts {
        assert!(
            !text.contains('<') && !text.contains('>'),
            "Slack obeys what stands in angle brackets: {text}"
        );
        assert_eq!(text.lines().count(), 6, "a forged line: {text}");
        assert_eq!(text.matches("\nAmount: ").count(), 1, "{text}");
    }
    let merchant = texts.iter().find_map(|t| t.lines().find(|l| l.contains("channel"))).unwrap();
    let shown = merchant.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    assert_eq!(shown, "Merchant: <!channel> & Co", "people still read the real name");
}

#[tokio::test]
async fn a_feed_gap_reads_as_a_feed_fault_and_names_the_masked_card() {
    let (d, slack) = with_slack().await;
    d.ingest(&[line("order", order("order-1", 100_000))]).await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    let foreign = with(&swipe("card-1", "r-2", 100), json!({"currencyCode": "usd"}));
    d.before(&foreign).await;
    d.report("after", &foreign).await;
    d.clock(&after_t0(15 * MINUTE_MS)).await;
    let gaps: Vec<String> =
        slack.taken().iter().map(|m| m.text()).filter(|t| !t.contains("Potential fraud")).collect();
    assert_eq!(gaps.len(), 2, "missing after, and contradicted: {gaps:?}");
    for text in gaps {
        assert!(text.contains("*Card:*422254XXXXXX7072"), "people know cards by their masked number: {text}");
    }
}

#[tokio::test]
async fn a_dead_slack_is_tried_for_24_hours_then_shown_and_can_be_resent() {
    let (d, slack) = with_slack().await;
    slack.is(Mood::Refuses);
    d.desk(Method::PUT, "/v1/rules/feed_gap", Some(json!({"mode": "off"}))).await;
    d.ingest(&[line(
        "order",
        with(&order("order-1", 100_000), json!({"completed_at": "2026-01-07T00:00:00Z"})),
    )])
    .await;
    let alerting =
        d.before(&with(&swipe("card-1", "r-1", 100), json!({"merchant": {"name": "NOWHERE"}}))).await;
    assert_eq!(
        (&alerting["outcome"], &alerting["stand_in"]),
        (&json!("approve"), &json!(false)),
        "a dead Slack is no reason to decline"
    );
    let mut seen_dead_at = None;
    for quarter in 0..=98 {
        d.clock(&after_t0(quarter * 15 * MINUTE_MS)).await;
        if !d.items("/v1/outbox?kind=slack&state=dead").await.is_empty() {
            seen_dead_at = Some(quarter);
            break;
        }
        let answer = d.before(&swipe("card-1", &format!("q-{quarter}"), 100)).await;
        assert_eq!(answer["stand_in"], false, "a dead Slack changes no decision: {answer}");
    }
    let dead_at = seen_dead_at.expect("a dead letter after 24 h, or nobody ever learns of it");
    assert!(
        dead_at >= 92,
        "given up after {} h: the contract says 24",
        f64::from(i32::try_from(dead_at).unwrap()) / 4.0
    );
    let dead: Vec<Value> = d.items("/v1/outbox?kind=slack&state=dead").await;
    let item = &dead[0];
    let attempts = item["attempts"].as_u64().unwrap();
    assert!((20..=200).contains(&attempts), "retries are many but bounded: {attempts}");
    assert!(item["last_error"].as_str().unwrap().contains("500"), "it says what the receiver said: {item}");
    assert!(d.get("/v1/feed-health").await["slack"]["dead"].as_i64().unwrap() >= 1, "visible in feed health");
    let tries = slack.tries();
    slack.is(Mood::Takes);
    let id = item["id"].as_str().unwrap().to_owned();
    let again = d.desk_post(&format!("/v1/outbox/{id}/resend"), json!({})).await;
    assert_eq!(again["state"], "pending");
    step(&d).await;
    assert!(slack.tries() > tries);
    let delivered = d.items("/v1/outbox?kind=slack&state=delivered&limit=500").await;
    assert!(delivered.iter().any(|i| i["id"] == id.as_str()), "{delivered:#?}");
    assert!(slack.taken().iter().any(|m| m.text().contains("NOWHERE")), "the message was not lost");
    let (status, answer) = d.desk(Method::POST, &format!("/v1/outbox/{id}/resend"), Some(json!({}))).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("already_delivered")), "never twice");
    assert_eq!(d.desk(Method::POST, "/v1/outbox/none/resend", None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_refused_connection_is_retried_and_the_message_arrives_when_slack_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/x", listener.local_addr().unwrap())
    };
    d.patch_settings(json!({"slack_webhook_url": closed})).await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    step(&d).await;
    let waiting = d.items("/v1/outbox?kind=slack").await;
    assert_eq!((waiting.len(), &waiting[0]["state"]), (1, &json!("pending")), "{waiting:#?}");
    assert!(
        !waiting[0]["last_error"].as_str().unwrap().contains(&closed),
        "the address holds a secret: {waiting:#?}"
    );
    // Not even a power cut loses it.
    d.kill();
    let (d, slack) = (Daemon::start_in(dir.path()).await, Receiver::start().await);
    d.patch_settings(json!({"slack_webhook_url": slack.url})).await;
    d.clock(&after_t0(HOUR_MS)).await;
    let told = slack.taken().iter().filter(|m| m.text().starts_with("Potential fraud on:")).count();
    assert_eq!(told, 1, "delivered once Slack is back");
}

#[tokio::test]
async fn a_slack_that_never_answers_delays_no_swipe() {
    let (d, slack) = with_slack().await;
    slack.is(Mood::NeverAnswers);
    d.before(&swipe("card-1", "r-1", 100)).await;
    until("Slack is called", async || (slack.tries() > 0).then_some(())).await;
    for n in 0..20 {
        let answer = d.before(&swipe("card-2", &format!("r-{n}"), 100)).await;
        assert_eq!(answer["stand_in"], false, "{answer}");
    }
    assert_eq!(d.desk_post("/v1/cards/card-2/deactivate", json!({})).await["status"], "deactivated");
}

#[tokio::test]
async fn the_shopper_is_told_and_the_call_is_signed_per_standard_webhooks() {
    let (d, phone) = (Daemon::with_small_world().await, Receiver::start().await);
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    d.patch_settings(json!({"shopper_webhook_url": phone.url, "shopper_webhook_secret": secret})).await;
    phone.is(Mood::Refuses);
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "stolen"})).await;
    step(&d).await;
    phone.is(Mood::Takes);
    d.clock(&after_t0(MINUTE_MS)).await;
    let taken = phone.taken();
    assert_eq!(taken.len(), 1, "told once although the first try failed");
    let message = &taken[0];
    let (id, at) = (message.header("webhook-id"), message.header("webhook-timestamp"));
    assert_eq!(at, "1767600060", "seconds since 1970 of the try, on our clock");
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{at}.{}", message.body).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(
        message.header("webhook-signature"),
        expected,
        "a shopper's app must be able to tell us from a forger"
    );
    let body = message.json();
    assert_eq!(
        (&body["type"], &body["data"]["card_id"], &body["data"]["shopper_id"]),
        (&json!("card.deactivated"), &json!("card-1"), &json!("shopper-1")),
        "{body}"
    );
    d.desk_post("/v1/cards/card-1/activate", json!({"reason": "found"})).await;
    step(&d).await;
    assert_eq!(phone.taken()[1].json()["type"], "card.reactivated");
}

#[tokio::test]
async fn slack_hears_of_a_deactivation_and_never_that_the_bank_blocked_it() {
    let (d, slack) = with_slack().await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "<!here> stolen"})).await;
    step(&d).await;
    let text = slack.taken()[0].text();
    assert!(text.contains("*Card:*422254XXXXXX7072") && text.contains("deactivated"), "{text}");
    assert!(!text.contains("<!here>"), "{text}");
    let lower = text.to_lowercase();
    assert!(lower.contains("by code") && !lower.contains("blocked at the bank"), "{text}");
}

#[tokio::test]
async fn a_rule_that_deactivates_tells_the_shopper_too() {
    let (d, phone) = (Daemon::with_small_world().await, Receiver::start().await);
    d.patch_settings(json!({"shopper_webhook_url": phone.url, "shopper_webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})).await;
    d.desk(Method::PUT, "/v1/rules/no_open_order", Some(json!({"outcome": "decline_and_deactivate"}))).await;
    d.before(&swipe("card-1", "r-1", 100)).await;
    step(&d).await;
    assert_eq!(phone.taken().len(), 1, "issue 2: deactivation tells the shopper, whoever deactivates");
}

#[tokio::test]
async fn native_notifications_wait_for_the_window_and_are_shown_once() {
    let d = Daemon::with_small_world().await;
    d.before(&swipe("card-1", "r-1", 19_190)).await;
    let waiting = d.items("/v1/notifications").await;
    assert_eq!(waiting.len(), 1);
    let body = waiting[0]["body"].as_str().unwrap();
    assert!(body.contains("422254XXXXXX7072") && body.contains("R191.90"), "{body}");
    assert_eq!(waiting[0]["alert_id"], d.the_alert().await["id"], "a click opens the alert");
    d.desk_post(&format!("/v1/notifications/{}/shown", waiting[0]["id"].as_str().unwrap()), json!({})).await;
    assert!(d.items("/v1/notifications").await.is_empty());
    d.patch_settings(json!({"native_notifications": false})).await;
    d.before(&swipe("card-2", "r-2", 100)).await;
    assert!(d.items("/v1/notifications").await.is_empty(), "switched off");
}

#[tokio::test]
async fn a_test_message_tries_the_connection() {
    let (d, slack) = with_slack().await;
    d.desk_post("/v1/test-message", json!({"kind": "slack"})).await;
    step(&d).await;
    assert_eq!(slack.taken().len(), 1);
    let (status, answer) =
        d.desk(Method::POST, "/v1/test-message", Some(json!({"kind": "shopper_webhook"}))).await;
    assert_eq!(
        (status, &answer["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("kind")),
        "no address is set: {answer}"
    );
}
