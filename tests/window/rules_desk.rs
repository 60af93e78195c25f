//! A lead changes a rule in the window: threshold, replay, publish, and the next swipe is judged by it.

use serde_json::json;

use crate::{
    desktop::Desktop,
    feed::{self, CARD, Feed},
    processes::until,
};

/// Without this an ops lead changes rules blind, or changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_is_changed_replayed_and_published_and_judges_the_next_swipe() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    let before = feed.swipe(CARD).await;
    assert!(!feed::rules(&before).contains(&"velocity"), "{before}");

    desktop.click("[data-testid=rail-rules]").await;
    desktop.click("[data-testid=rule-row][data-id=velocity]").await;
    // More than one swipe an hour without an order is too many from now on.
    let field = "[data-testid=parameter-swipes_per_hour]";
    let element = desktop.find(field).await;
    element.clear().await.expect("the field is emptied");
    desktop.type_into(field, "1").await;
    desktop.click("[data-testid=rule-tab-replay]").await;
    desktop.click("[data-testid=replay-run]").await;
    desktop.find("[data-testid=replay-result]").await;
    desktop.click("[data-testid=rule-tab-edit]").await;
    desktop.click("[data-testid=propose-change]").await;
    desktop.click("[data-testid=publish-draft]").await;
    until("the daemon has the second version", async || {
        let rules = feed.desk("/v1/rules").await;
        let rules = rules["items"].as_array()?.clone();
        let rule = rules.into_iter().find(|rule| rule["id"] == "velocity")?;
        (rule["version"] == 2 && rule["parameters"]["swipes_per_hour"] == json!(1)).then_some(())
    })
    .await;
    let after = feed.swipe(CARD).await;
    assert!(feed::rules(&after).contains(&"velocity"), "{after}");
}
