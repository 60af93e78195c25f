//! axe-core in the real window: what the page's own tests cannot see, such as contrast.

use serde_json::{Value, json};

use crate::{desktop::Desktop, feed::Feed, processes::until};

const SCREENS: [(&str, &str); 8] = [
    ("#/cards", "[data-testid=card-row]"),
    ("#/card/card-7072", "main"),
    ("#/alerts", "[data-testid=alert-row]"),
    ("#/rules", "[data-testid=rule-row]"),
    ("#/rules/velocity", "[data-testid=rule-row]"),
    ("#/lists", "main"),
    ("#/settings", "main"),
    ("#/guide", "main"),
];

/// Without this a screen ships that somebody cannot read or reach.
#[tokio::test(flavor = "multi_thread")]
async fn no_screen_has_a_serious_finding() {
    let desktop = Desktop::start().await;
    let mut feed = Feed::connect(&desktop).await;
    feed.add_cards().await;
    feed.swipe(crate::feed::CARD).await;
    desktop.find("[data-testid=rail-cards]").await;
    let axe = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core is installed with the page's packages");
    let mut found = Vec::new();
    for theme in ["dark", "light"] {
        let appearance = json!({ "theme": theme }).to_string();
        desktop
            .script(&format!(
                "localStorage.setItem('cartwarden.appearance', {}); location.reload()",
                json!(appearance)
            ))
            .await;
        until("the page has its theme", async || {
            let shown = "return document.readyState + document.documentElement.dataset.theme";
            (desktop.script(shown).await == json!(format!("complete{theme}"))).then_some(())
        })
        .await;
        desktop.script(&axe).await;
        for (hash, shown) in SCREENS {
            desktop.script(&format!("location.hash = {}", json!(hash))).await;
            desktop.find(shown).await;
            let run = "const done = arguments[0]; \
                axe.run(document, { resultTypes: ['violations'] }).then((r) => done(r.violations \
                .filter((v) => v.impact === 'serious' || v.impact === 'critical') \
                .map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', '))), (e) => done(['' + e]))";
            let answer = desktop.page().execute_async(run, vec![]).await.expect("axe runs");
            let findings = answer.as_array().cloned().unwrap_or_default();
            found.extend(findings.iter().map(|finding: &Value| format!("{theme} {hash} {finding}")));
        }
    }
    assert!(found.is_empty(), "{} serious findings:\n{}", found.len(), found.join("\n"));
}
