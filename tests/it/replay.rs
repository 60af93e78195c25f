//! Recorded traffic through the real endpoints, on the real clock.

use crate::support::{Daemon, Options, command};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn demo(dir: &Path, more: &[&str]) -> (bool, String, String) {
    let mut args =
        vec!["demo", "--data-dir", dir.to_str().unwrap(), "--seed", "4", "--days", "1", "--shoppers", "6"];
    args.extend(more);
    command(&args)
}

/// References of the swipes in a record, without the simulated ones.
fn references(file: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let swipes = lines.filter(|line| line["path"] == "/v1/webhooks/investec/before");
    let named = swipes.map(|line| line["body"]["reference"].as_str().unwrap_or("simulation").to_owned());
    named.filter(|reference| reference != "simulation").collect()
}

fn replay(dir: &Path, file: &str) {
    let (place, file) = (dir.to_str().unwrap(), dir.join(file));
    let sent = command(&["replay", file.to_str().unwrap(), "--speed", "0", "--data-dir", place]);
    let lines = std::fs::read_to_string(&file).unwrap().lines().count();
    assert_eq!(sent, (true, format!("replayed {lines} events, 0 refused"), String::new()));
}

/// If this fails, the demo's live traffic never reaches the window.
#[tokio::test]
async fn a_replayed_record_arrives_through_the_real_endpoints() {
    let dir = tempfile::tempdir().unwrap();
    let (made, said, error) = demo(dir.path(), &["--unloaded"]);
    assert!(made, "{error}");
    assert!(said.contains("demo-history.ndjson"), "{said}");
    assert!(
        !dir.path().join("cartwarden.db").exists(),
        "an unloaded world leaves the database to the daemon"
    );
    let options = Options { test_clock: None, data_dir: Some(dir.path().to_owned()), database: None };
    let daemon = Daemon::start_with(options).await;
    for file in ["demo-history.ndjson", "demo-live.ndjson"] {
        replay(dir.path(), file);
        let recorded = daemon.every("/v1/authorizations?limit=500&simulated=false").await;
        let seen: BTreeSet<String> =
            recorded.iter().map(|row| row["reference"].as_str().unwrap().to_owned()).collect();
        assert_eq!(seen.len(), recorded.len(), "a swipe of the record is there once");
        let missing: Vec<String> = references(&dir.path().join(file)).difference(&seen).cloned().collect();
        assert!(missing.is_empty(), "{file}: not arrived: {missing:?}");
    }
    assert!(!daemon.items("/v1/alerts?status=open").await.is_empty(), "thefts of the record raise alerts");
    assert_eq!(daemon.get("/v1/feed-health").await["stand_ins_24h"], 0);
}

/// If this fails, a demo world is mixed into somebody's real data.
#[tokio::test]
async fn a_demo_world_needs_an_empty_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (made, _, error) = demo(dir.path(), &[]);
    assert!(made, "{error}");
    let before = std::fs::read(dir.path().join("cartwarden.db")).unwrap();
    for more in [&[][..], &["--unloaded"]] {
        let (made, said, error) = demo(dir.path(), more);
        assert!(!made, "{said}");
        assert_eq!(error.lines().count(), 1, "one sentence: {error}");
        assert!(error.contains("empty directory"), "{error}");
    }
    assert!(std::fs::read(dir.path().join("cartwarden.db")).unwrap() == before, "nothing was touched");
}

/// If this fails, replay hangs or stays silent about what it could not send.
#[tokio::test]
async fn a_record_that_cannot_be_read_is_named() {
    let daemon = Daemon::start().await;
    let place = daemon.data_dir.to_str().unwrap();
    let broken = daemon.data_dir.join("broken.ndjson");
    std::fs::write(&broken, "{\"at\":\"2026-01-05T08:00:00Z\"}\n").unwrap();
    let absent = daemon.data_dir.join("absent.ndjson");
    for (file, speed, word) in
        [(&broken, "0", "line 1"), (&absent, "0", "absent.ndjson"), (&broken, "NaN", "--speed")]
    {
        let (sent, _, error) =
            command(&["replay", file.to_str().unwrap(), "--speed", speed, "--data-dir", place]);
        assert!(!sent && error.contains(word), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
