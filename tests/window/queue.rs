//! A queue of alerts worked from the keyboard alone.

use serde_json::{Value, json};

use crate::{desktop::Desktop, feed::Feed, processes::until};

const ALERTS: usize = 20;

async fn chosen(desktop: &Desktop) -> String {
    let hash = desktop.script("return location.hash").await;
    let hash = hash.as_str().unwrap_or_default().to_owned();
    hash.split(['?', '&']).find_map(|part| part.strip_prefix("id=")).unwrap_or_default().to_owned()
}

/// Without this a tired agent at 2 a.m. needs the mouse for every alert.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_alerts_are_worked_by_keyboard_alone() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    for number in 0..ALERTS {
        feed.swipe_of(&format!("card-nobody-{number}")).await;
    }
    desktop.find("[data-testid=rail-cards]").await;
    desktop.press("ga").await;
    until("all alerts are listed", async || {
        (desktop.all("[data-testid=alert-row]").await.len() == ALERTS).then_some(())
    })
    .await;
    desktop.press("j").await;
    until("J chooses the first", async || (!chosen(&desktop).await.is_empty()).then_some(())).await;
    for number in 0..ALERTS {
        let before = chosen(&desktop).await;
        // Real, false, undecided by turns; the queue moves on by itself.
        desktop.press(["1", "2", "3"][number % 3]).await;
        if number + 1 < ALERTS {
            until(&format!("alert {} comes up", number + 2), async || {
                let now = chosen(&desktop).await;
                (now != before && !now.is_empty()).then_some(())
            })
            .await;
        }
    }
    let alerts = until("the daemon has every decision", async || {
        let alerts = feed.desk("/v1/alerts?status=resolved&limit=100").await;
        (alerts["items"].as_array()?.len() == ALERTS).then_some(alerts)
    })
    .await;
    let count = |word: &str| {
        let items = alerts["items"].as_array().expect("alerts");
        items.iter().filter(|alert: &&Value| alert["disposition"] == json!(word)).count()
    };
    assert_eq!(
        (count("confirmed_fraud"), count("false_positive"), count("inconclusive")),
        (7, 7, 6),
        "{alerts}"
    );
}
