//! Pictures of every screen of the real window, for people to look at: only with `CARTWARDEN_SHOTS=DIR`.

use std::{env, fs, path::PathBuf, process::Command};

use serde_json::json;

use crate::{
    desktop::{Desktop, program},
    feed::Feed,
    processes::until,
};

const SIZES: [(u32, u32); 2] = [(1280, 800), (1920, 1080)];
const THEMES: [&str; 2] = ["dark", "light"];

/// Without this nobody sees what a change did to the screens before it ships.
#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_pictured_in_both_themes_and_sizes() {
    let Some(target) = env::var_os("CARTWARDEN_SHOTS").map(PathBuf::from) else {
        return;
    };
    fs::create_dir_all(&target).expect("a directory for the pictures");
    let mut desktop = Desktop::bare(&["--listen", "127.0.0.1:0"]).await;
    let mut demo = Command::new(program("cartwardend"));
    let filled = demo.args(["demo", "--data-dir"]).arg(&desktop.data_dir).status().expect("it runs");
    assert!(filled.success(), "the demo world is not filled");
    desktop.open_window().await;
    let feed = Feed::connect(&desktop).await;
    let card_id = feed.desk("/v1/cards?sort=open_alerts").await["items"][0]["id"].clone();
    let alert_id = feed.desk("/v1/alerts").await["items"][0]["id"].clone();
    let of = |id: &serde_json::Value| id.as_str().unwrap_or_default().to_owned();
    let screens = [
        ("cards", "#/cards".to_owned()),
        ("cards-chosen", format!("#/cards?id={}", of(&card_id))),
        ("card", format!("#/card/{}", of(&card_id))),
        ("alerts", format!("#/alerts?id={}", of(&alert_id))),
        ("rules", "#/rules".to_owned()),
        ("rule", "#/rules/velocity".to_owned()),
        ("rule-replay", "#/rules/velocity?tab=replay".to_owned()),
        ("rule-history", "#/rules/velocity?tab=history".to_owned()),
        ("lists", "#/lists/deny_merchants".to_owned()),
        ("guide", "#/guide".to_owned()),
        ("settings", "#/settings".to_owned()),
        ("parts", "#/parts".to_owned()),
    ];

    for theme in THEMES {
        let appearance = json!({ "theme": theme }).to_string();
        let code = format!(
            "localStorage.setItem('cartwarden.appearance', {}); location.reload()",
            json!(appearance)
        );
        desktop.script(&code).await;
        until("the page has its theme", async || {
            let shown = "return document.readyState + document.documentElement.dataset.theme";
            (desktop.script(shown).await == json!(format!("complete{theme}"))).then_some(())
        })
        .await;
        for (width, height) in SIZES {
            desktop.resize(width, height).await;
            for (name, hash) in &screens {
                desktop.script(&format!("location.hash = {}", json!(hash))).await;
                settled(&desktop).await;
                desktop.screenshot(&target.join(format!("{name}-{theme}-{width}x{height}.png"))).await;
            }
        }
    }
}

/// Waits until the page has shown the same for a while: its data has come and nothing moves.
async fn settled(desktop: &Desktop) {
    let code = "const now = document.body.innerHTML.length + ' ' + document.images.length; \
        const busy = document.querySelector('[aria-busy=true]') !== null; \
        const same = !busy && window.lastShown === now; \
        window.sameFor = same ? (window.sameFor ?? 0) + 1 : 0; window.lastShown = now; \
        return window.sameFor";
    until("the page settles", async || desktop.script(code).await.as_u64().filter(|looks| *looks >= 8)).await;
}
