//! The live card path through the real window: swipe, alert, notification, one click, and a daemon that dies.

use std::time::Duration;

use serde_json::json;

use crate::{
    desktop::Desktop,
    feed::{self, CARD, Feed, OTHER_CARD},
    processes::{is_alive, kill_9, until},
};

const ALERT_ROW: &str = "[data-testid=alert-row]";
const ESCAPE: &str = "\u{e00c}";

async fn show(desktop: &Desktop, screen: &str) {
    desktop.click(&format!("[data-testid=rail-{screen}]")).await;
    until(&format!("the {screen} screen"), async || hash(desktop).await.contains(screen).then_some(())).await;
}

async fn hash(desktop: &Desktop) -> String {
    desktop.script("return location.hash").await.as_str().unwrap_or_default().to_owned()
}

/// Without this a person must reload to see fraud, or misses the notification, or clicks it in vain.
#[tokio::test(flavor = "multi_thread")]
async fn an_alert_arrives_without_reload_and_its_notification_opens_it() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    // The screen also looks again now and then; only the daemon's own events are to bring the alert here.
    desktop.script("window.setInterval = () => 0").await;
    show(&desktop, "alerts").await;
    // The first alert may come with the list's first reading; the second can only come by itself.
    feed.swipe(OTHER_CARD).await;
    desktop.text_when(ALERT_ROW, |text| text.contains("R191.90")).await;
    desktop.script("window.sameLife = true").await;

    let decision = feed.swipe(CARD).await;
    assert!(feed::rules(&decision).contains(&"no_open_order"), "{decision}");
    until("a second alert is listed", async || (desktop.all(ALERT_ROW).await.len() == 2).then_some(())).await;
    let newest = desktop.text_when(ALERT_ROW, |_| true).await;
    assert!(newest.contains("Makro Woodmead"), "{newest}");
    assert_eq!(desktop.script("return window.sameLife").await, json!(true), "the page was reloaded");

    let note =
        desktop.note(|note| format!("{}{}", note.summary, note.body).contains(CARD.masked_number)).await;
    assert_eq!(note.app, "Cartwarden");
    let said = format!("{}\n{}", note.summary, note.body);
    for fact in ["Merchant: Makro Woodmead", "Amount: R191.90"] {
        assert!(said.contains(fact), "{fact:?} is missing in {said:?}");
    }

    let alerts = feed.desk(&format!("/v1/alerts?card_id={}", CARD.id)).await;
    let alert_id = alerts["items"][0]["id"].as_str().expect("one alert").to_owned();
    show(&desktop, "cards").await;
    until("the click opens the alert", async || {
        desktop.notes.click(note.id, "default").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        hash(&desktop).await.contains(&alert_id).then_some(())
    })
    .await;
    desktop.find(&format!("[data-testid=alert-row][data-alert-id='{alert_id}']")).await;
    until("the daemon knows it was shown", async || {
        let waiting = feed.desk("/v1/notifications").await;
        (waiting["items"] == json!([])).then_some(())
    })
    .await;
    assert_eq!(desktop.notes.notes.all().len(), 2, "one alert is one notification");
}

async fn in_daemon(feed: &Feed, status: &str) {
    until(&format!("the card is {status} in the daemon"), async || {
        let card = feed.desk(&format!("/v1/cards/{}", CARD.id)).await;
        (card["status"] == status).then_some(())
    })
    .await;
}

/// Without this the one click that stops a thief does not, or cannot be told from one that did.
#[tokio::test(flavor = "multi_thread")]
async fn one_click_deactivates_the_card_and_its_next_swipe_is_declined() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    feed.add_open_order().await;
    assert_eq!(feed.swipe(CARD).await["outcome"], "approve");

    show(&desktop, "cards").await;
    let row =
        |status: &str| format!("[data-testid=card-row][data-card-id='{}'][data-status={status}]", CARD.id);
    desktop.find(&row("active")).await;
    let button = |act: &str| format!("[data-testid={act}-card][data-card-id='{}']", CARD.id);
    desktop.click(&button("deactivate")).await;
    desktop.find(&row("deactivated")).await;
    in_daemon(&feed, "deactivated").await;

    let decision = feed.swipe(CARD).await;
    assert_eq!(decision["outcome"], "decline", "{decision}");
    assert!(feed::rules(&decision).contains(&"card_deactivated"), "{decision}");
    assert_eq!(feed.swipe(OTHER_CARD).await["outcome"], "approve", "only the one card is deactivated");

    // On the card's own screen nothing moves when other cards swipe.
    desktop.script(&format!("location.hash = '#/card/{}'", CARD.id)).await;
    desktop.click(&button("reactivate")).await;
    let send = "[data-testid=ask-text] button[type=submit]";
    desktop.click(send).await;
    desktop.find("[data-testid=ask-text] [aria-invalid=true]").await;
    in_daemon(&feed, "deactivated").await;
    desktop.type_into("[data-testid=ask-text] textarea", "Shopper has the card back").await;
    desktop.click(send).await;
    in_daemon(&feed, "active").await;
    desktop.find(&button("deactivate")).await;
}

/// Without this a crashed daemon needs a person, while swipes go unjudged.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_daemon_comes_back_and_the_window_goes_on() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    show(&desktop, "alerts").await;
    let record = "const state = () => document.querySelector('[data-testid=daemon-state]')?.dataset.state; \
        window.daemonStates = [state()]; \
        new MutationObserver(() => { if (daemonStates.at(-1) !== state()) daemonStates.push(state()) }) \
        .observe(document.body, { subtree: true, childList: true, attributes: true })";
    desktop.script(record).await;

    let first = feed::daemon_pid(&desktop.data_dir).expect("daemon.json names the process");
    kill_9(first);
    until("the daemon is dead", async || (!is_alive(first)).then_some(())).await;
    let second = until("another daemon is up", async || {
        let pid = feed::daemon_pid(&desktop.data_dir).filter(|pid| *pid != first)?;
        feed::is_healthy(&desktop.data_dir).await.then_some(pid)
    })
    .await;
    assert!(is_alive(second));
    let states = until("the window says that it was away and is back", async || {
        let states = desktop.script("return daemonStates").await;
        let states: Vec<String> = serde_json::from_value(states).ok()?;
        (states.len() > 1 && states.last().is_some_and(|state| state == "up")).then_some(states)
    })
    .await;
    assert!(states.iter().any(|state| state == "restarting"), "{states:?}");

    feed.reconnect(&desktop.data_dir);
    feed.swipe(CARD).await;
    desktop.text_when(ALERT_ROW, |text| text.contains("R191.90")).await;
    desktop.note(|note| note.body.contains("R191.90")).await;
}

/// Without this, closing the window stops the judging of swipes, or opening it starts a second daemon.
#[tokio::test(flavor = "multi_thread")]
async fn closing_the_window_leaves_the_daemon_and_the_next_window_adopts_it() {
    let mut desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    let pid = feed::daemon_pid(&desktop.data_dir).expect("daemon.json names the process");

    desktop.close_window().await;
    assert!(is_alive(pid));
    assert!(feed::is_healthy(&desktop.data_dir).await);
    feed.swipe(CARD).await;

    desktop.open_window().await;
    show(&desktop, "alerts").await;
    desktop.text_when(ALERT_ROW, |text| text.contains("R191.90")).await;
    assert_eq!(feed::daemon_pid(&desktop.data_dir), Some(pid), "the running daemon is adopted");
    // What happened meanwhile is told now.
    desktop.note(|note| note.body.contains("R191.90")).await;
}

/// Without this a queue cannot be worked from the keyboard.
#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    feed.swipe(CARD).await;
    feed.swipe(OTHER_CARD).await;
    desktop.find("[data-testid=rail-cards]").await;

    desktop.press("ga").await;
    until("G A goes to the alerts", async || hash(&desktop).await.contains("alerts").then_some(())).await;
    until("both alerts are listed", async || (desktop.all(ALERT_ROW).await.len() == 2).then_some(())).await;
    let chosen = async |what: &str, before: &str| {
        until(what, async || {
            let hash = hash(&desktop).await;
            (hash.contains("id=") && hash != before).then_some(hash)
        })
        .await
    };
    desktop.press("j").await;
    let first = chosen("J chooses a row", "").await;
    desktop.press("j").await;
    let second = chosen("J goes down", &first).await;
    desktop.press("k").await;
    assert_eq!(chosen("K goes up", &second).await, first);
    desktop.press("gc").await;
    until("G C goes to the cards", async || hash(&desktop).await.contains("cards").then_some(())).await;

    desktop.press_ctrl('k').await;
    desktop.find("[data-testid=palette]").await;
    desktop.press(ESCAPE).await;
    desktop.gone("[data-testid=palette]").await;
    desktop.press("?").await;
    desktop.find("[data-testid=help-sheet]").await;
    desktop.press(ESCAPE).await;
    desktop.gone("[data-testid=help-sheet]").await;
}
