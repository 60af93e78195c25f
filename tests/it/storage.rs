//! Disks fill, directories are shared, daemons are stopped, backups are restored, logs are tampered with.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A small disk of its own; unmounted when dropped.
struct SmallDisk {
    place: TempDir,
}

impl SmallDisk {
    /// `None` where this machine lets nobody mount.
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(place.path())
            .output()
            .unwrap();
        if done.status.success() {
            return Some(SmallDisk { place });
        }
        println!(
            "SKIPPED: a small disk cannot be mounted here: {}",
            String::from_utf8_lossy(&done.stderr).trim()
        );
        None
    }

    fn ballast(&self) -> PathBuf {
        self.place.path().join("ballast")
    }

    /// Fills what is left, to the last byte.
    fn fill(&self) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(self.ballast()).unwrap();
        for block in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; block]).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, should the daemon still be about to end.
        let _ = Command::new("umount").arg("-l").arg(self.place.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_gets_the_fallback_with_a_reason_and_recovers_by_itself() {
    let Some(disk) = SmallDisk::mount() else { return };
    let d = Daemon::start_in(disk.place.path()).await;
    d.ingest(&small_world()).await;
    d.ingest(&[line("order", with(&order("order-1", 90_000_000), json!({})))]).await;
    d.desk_post("/v1/cards/card-2/deactivate", json!({"reason": "stolen"})).await;
    d.patch_settings(json!({"fallback": "approve"})).await;
    let ready = async || d.http.get(format!("{}/readyz", d.partner)).send().await.unwrap().status();
    assert_eq!(ready().await, StatusCode::OK);
    let mut answered: Vec<Value> = Vec::new();
    let mut full = false;
    for n in 0..3_000 {
        disk.fill();
        let answer = d.before(&swipe("card-1", &format!("fill-{n}"), 100)).await;
        full = answer["stand_in"] == json!(true);
        answered.push(answer);
        if full {
            break;
        }
    }
    assert!(full, "the disk never filled: the test is broken");
    let stood_in = answered.last().unwrap().clone();
    assert_eq!(stood_in["outcome"], "approve", "the fallback as set: {stood_in}");
    assert!(!stood_in["reasons"].as_array().unwrap().is_empty(), "with a clear reason: {stood_in}");
    disk.fill();
    let dead = d.before(&swipe("card-2", "dead", 100)).await;
    assert_eq!(
        dead["outcome"], "decline",
        "what is known to be deactivated is never approved, full disk or not: {dead}"
    );
    assert_eq!(ready().await, StatusCode::SERVICE_UNAVAILABLE, "monitoring must see it");
    assert_eq!(
        d.http.get(format!("{}/healthz", d.partner)).send().await.unwrap().status(),
        StatusCode::OK,
        "alive"
    );
    let (status, answer) = d.desk(Method::POST, "/v1/cards/card-1/deactivate", Some(json!({}))).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("not_ready")),
        "a click that cannot be kept is not confirmed: {answer}"
    );
    let (status, answer) = d.ingest_text(line("shopper", json!({"id": "n", "name": "N"})).to_string()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    std::fs::remove_file(disk.ballast()).unwrap();
    until("ready again by itself", async || (ready().await == StatusCode::OK).then_some(())).await;
    for answer in [&stood_in, &dead] {
        let path = format!("/v1/authorizations/{}", answer["decision_id"].as_str().unwrap());
        let kept = until("the stand-in is recorded", async || {
            let (status, kept) = d.desk(Method::GET, &path, None).await;
            (status == StatusCode::OK).then_some(kept)
        })
        .await;
        assert_eq!(
            (&kept["stand_in"], &kept["outcome"]),
            (&json!(true), &answer["outcome"]),
            "what was answered is what is kept: {kept}"
        );
    }
    for answer in &answered {
        let path = format!("/v1/authorizations/{}", answer["decision_id"].as_str().unwrap());
        assert_eq!(
            d.desk(Method::GET, &path, None).await.0,
            StatusCode::OK,
            "an answered decision was lost: {answer}"
        );
    }
    let after = d.before(&swipe("card-1", "after", 100)).await;
    assert_eq!(after["stand_in"], false, "{after}");
    assert_eq!(d.desk_post("/v1/cards/card-1/deactivate", json!({})).await["status"], "deactivated");
    let (sound, _, said) = command(&["check", "--data-dir", d.data_dir.to_str().unwrap()]);
    assert!(sound, "{said}");
}

#[tokio::test]
async fn a_full_disk_declines_where_the_fallback_says_so() {
    let Some(disk) = SmallDisk::mount() else { return };
    let d = Daemon::start_in(disk.place.path()).await;
    d.ingest(&small_world()).await;
    for n in 0..3_000 {
        disk.fill();
        let answer = d.before(&swipe("card-1", &format!("fill-{n}"), 100)).await;
        if answer["stand_in"] == json!(true) {
            assert_eq!(answer["outcome"], "decline", "decline is the shipped fallback: {answer}");
            return;
        }
    }
    panic!("the disk never filled: the test is broken");
}

#[tokio::test]
async fn a_second_daemon_refuses_and_says_who_holds_the_directory() {
    let d = Daemon::start().await;
    let dir = d.data_dir.to_str().unwrap();
    let (done, out, said) = command(&["serve", "--data-dir", dir, "--listen", "127.0.0.1:0"]);
    assert!(!done, "two writers on one database");
    assert!(said.contains(&d.child.id().to_string()), "it must say who: {said}");
    assert_eq!(out, "", "no ready line");
    assert!(
        d.data_dir.join("daemon.json").exists(),
        "the refused one must not take the first one's note away"
    );
    assert_eq!(d.before(&swipe("c", "r", 1)).await["stand_in"], false, "the first goes on");
    let backup = d.data_dir.join("backup.db");
    assert!(command(&["backup", backup.to_str().unwrap(), "--data-dir", dir]).0);
    let (done, _, said) = command(&["restore", backup.to_str().unwrap(), "--data-dir", dir]);
    assert!(
        !done && said.contains(&d.child.id().to_string()),
        "nor is a database replaced under a running daemon: {said}"
    );
}

#[tokio::test]
async fn sigterm_finishes_what_is_accepted_and_exits_0() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    let mut swipes = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (http, url, key) =
            (d.http.clone(), format!("{}/v1/webhooks/investec/before", d.partner), d.webhook_key.clone());
        swipes.spawn(async move {
            let response = http
                .post(url)
                .bearer_auth(key)
                .body(swipe("card-1", &format!("r-{n}"), 100 + n).to_string())
                .send()
                .await
                .ok()?;
            let answer: Value = serde_json::from_str(&response.text().await.ok()?).ok()?;
            answer["decision_id"].as_str().map(str::to_owned)
        });
    }
    // In the middle of it: some are answered, some wait, some have not arrived.
    let mut answered: Vec<String> = Vec::new();
    while answered.len() < 20 {
        answered.extend(swipes.join_next().await.unwrap().unwrap());
    }
    assert_eq!(d.stop().await, Some(0), "an orderly stop within 10 s");
    answered.extend(swipes.join_all().await.into_iter().flatten());
    assert!(!dir.path().join("daemon.json").exists(), "nobody is sent to a daemon that is gone");
    let d = Daemon::start_in(dir.path()).await;
    for id in answered {
        let (status, _) = d.desk(Method::GET, &format!("/v1/authorizations/{id}"), None).await;
        assert_eq!(status, StatusCode::OK, "{id} was answered and is gone");
    }
}

#[tokio::test]
async fn sigterm_does_not_wait_for_listeners_of_the_event_stream_or_idle_connections() {
    let mut d = Daemon::start().await;
    let stream = d.http.get(format!("{}/v1/events", d.desk)).bearer_auth(&d.token).send().await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    let _idle = tokio::net::TcpStream::connect(d.partner.strip_prefix("http://").unwrap()).await.unwrap();
    assert_eq!(d.stop().await, Some(0));
}

#[tokio::test]
async fn a_backup_of_a_running_daemon_restores_to_the_same_world() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    let before = d.before(&swipe("card-1", "r-1", 100)).await;
    d.desk_post("/v1/cards/card-2/deactivate", json!({})).await;
    let path = dir.path().to_str().unwrap();
    let copy = dir.path().join("copy.db");
    let (done, _, said) = command(&["backup", copy.to_str().unwrap(), "--data-dir", path]);
    assert!(done, "{said}");
    assert!(
        !command(&["backup", copy.to_str().unwrap(), "--data-dir", path]).0,
        "an older backup is never overwritten"
    );
    let after = d.before(&swipe("card-1", "r-2", 100)).await;
    assert_eq!(d.stop().await, Some(0));
    let (done, _, said) = command(&["restore", copy.to_str().unwrap(), "--data-dir", path]);
    assert!(done, "{said}");
    for check in ["check", "verify-audit"] {
        let (done, _, said) = command(&[check, "--data-dir", path]);
        assert!(done, "{check}: {said}");
    }
    let d = Daemon::start_in(dir.path()).await;
    let kept = |answer: &Value| format!("/v1/authorizations/{}", answer["decision_id"].as_str().unwrap());
    assert_eq!(d.desk(Method::GET, &kept(&before), None).await.0, StatusCode::OK);
    assert_eq!(
        d.desk(Method::GET, &kept(&after), None).await.0,
        StatusCode::NOT_FOUND,
        "the copy is of its moment"
    );
    assert_eq!(d.get("/v1/cards/card-2").await["status"], "deactivated");
}

#[tokio::test]
async fn a_broken_backup_never_replaces_a_good_database() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    let path = dir.path().to_str().unwrap();
    let copy = dir.path().join("copy.db");
    assert!(command(&["backup", copy.to_str().unwrap(), "--data-dir", path]).0);
    assert_eq!(d.stop().await, Some(0));
    let good = std::fs::read(&copy).unwrap();
    let mut torn = good.clone();
    for page in (2..torn.len() / 4_096).step_by(2) {
        torn[page * 4_096..page * 4_096 + 512].fill(0xA5);
    }
    for (what, bytes) in [
        ("torn pages", torn),
        ("half a file", good[..good.len() / 2].to_vec()),
        ("no database", b"hello".repeat(1_000)),
    ] {
        std::fs::write(&copy, bytes).unwrap();
        let (done, _, said) = command(&["restore", copy.to_str().unwrap(), "--data-dir", path]);
        assert!(!done && !said.is_empty(), "{what}: {said}");
        assert!(command(&["check", "--data-dir", path]).0, "{what}: the database it had must still be there");
    }
    assert!(!command(&["restore", "/nowhere/copy.db", "--data-dir", path]).0);
    assert!(Daemon::start_in(dir.path()).await.get("/v1/cards/card-1").await["id"] == "card-1");
}

#[tokio::test]
async fn check_finds_a_damaged_database_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    assert_eq!(d.stop().await, Some(0));
    let path = dir.path().to_str().unwrap();
    assert!(command(&["check", "--data-dir", path]).0);
    let file = dir.path().join("cartwarden.db");
    let mut bytes = std::fs::read(&file).unwrap();
    for page in (2..bytes.len() / 4_096).step_by(2) {
        bytes[page * 4_096..page * 4_096 + 512].fill(0xA5);
    }
    std::fs::write(&file, bytes).unwrap();
    let (done, _, said) = command(&["check", "--data-dir", path]);
    assert!(!done && !said.is_empty(), "{said}");
    let empty = tempfile::tempdir().unwrap();
    for args in [["check", "--data-dir"], ["verify-audit", "--data-dir"]] {
        let (done, _, said) = command(&[args[0], args[1], empty.path().to_str().unwrap()]);
        assert!(!done && said.lines().count() == 1, "one clear sentence where there is nothing: {said}");
    }
}

/// A stopped daemon's directory with a handful of audit entries.
async fn audited() -> (TempDir, i64) {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    for n in 0..4 {
        d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": format!("reason {n}")})).await;
        d.desk_post("/v1/cards/card-1/activate", json!({"reason": "back"})).await;
    }
    let last = d.items("/v1/audit").await[0]["seq"].as_i64().unwrap();
    assert_eq!(d.stop().await, Some(0));
    (dir, last)
}

fn verify(dir: &Path) -> (bool, String) {
    let (sound, out, said) = command(&["verify-audit", "--data-dir", dir.to_str().unwrap()]);
    (sound, format!("{out}{said}"))
}

#[tokio::test]
async fn every_kind_of_tampering_with_the_audit_log_is_found_and_named() {
    let run = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.commit()\nc.close()";
    for (what, sql, entry) in [
        ("an actor changed", "update audit_entry set actor = 'user:somebody-else' where seq = 5", Some(5)),
        (
            "a reason changed",
            "update audit_entry set detail = '{\"reason\":\"nothing\"}' where seq = 6",
            Some(6),
        ),
        ("a time changed", "update audit_entry set at_ms = at_ms + 1 where seq = 7", Some(7)),
        ("an action changed", "update audit_entry set action = 'card_reactivated' where seq = 5", Some(5)),
        ("a subject changed", "update audit_entry set subject = 'card:card-2' where seq = 5", Some(5)),
        (
            "a hash changed",
            "update audit_entry set hash = 'f' || substr(hash, 2) || '0' where seq = 5",
            Some(5),
        ),
        ("one deleted", "delete from audit_entry where seq = 5", Some(5)),
        ("the first deleted", "delete from audit_entry where seq = 1", Some(1)),
        (
            "two swapped",
            "update audit_entry set seq = -5 where seq = 5; update audit_entry set seq = 5 where seq = 6; update audit_entry set seq = 6 where seq = -5",
            Some(5),
        ),
        (
            "deleted and closed up",
            "delete from audit_entry where seq = 5; update audit_entry set seq = seq - 1 where seq > 5; update audit_head set seq = seq - 1",
            Some(5),
        ),
        ("the tail cut", "delete from audit_entry where seq > 6", Some(7)),
        ("all deleted", "delete from audit_entry", Some(1)),
        ("nothing", "select 1", None),
    ] {
        let (dir, last) = audited().await;
        assert!(last >= 8, "{last} entries");
        python(run, &[dir.path().join("cartwarden.db").to_str().unwrap(), sql]);
        let (sound, said) = verify(dir.path());
        assert_eq!(sound, entry.is_none(), "{what}: {said}");
        if let Some(entry) = entry {
            assert!(
                said.contains(&format!("entry {entry}:")) || said.contains(&format!("entry {entry} ")),
                "{what}: it must name entry {entry}: {said}"
            );
        }
    }
}

#[tokio::test]
async fn the_audit_log_verifies_while_the_daemon_runs_and_pages_newest_first() {
    let d = Daemon::with_small_world().await;
    for n in 0..10 {
        d.before(&swipe("card-1", &format!("r-{n}"), 100)).await;
    }
    let (sound, said) = verify(&d.data_dir);
    assert!(sound, "{said}");
    let page = d.get("/v1/audit?limit=4").await;
    let older = d.get(&format!("/v1/audit?limit=4&cursor={}", page["next"].as_str().unwrap())).await;
    let seq = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let all: Vec<i64> = seq(&page).into_iter().chain(seq(&older)).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1] + 1), "{all:?}");
    assert!(!d.get("/v1/audit").await.to_string().contains("422254"), "ids only, no personal data");
}

#[tokio::test]
async fn the_log_is_json_lines_without_personal_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Daemon::start_in(dir.path()).await;
    d.ingest(&small_world()).await;
    d.before(&swipe("card-1", "a-reference", 19_190)).await;
    d.hook_raw("before", "{\"broken".into()).await;
    d.desk_post("/v1/cards/card-1/deactivate", json!({"reason": "a private reason"})).await;
    assert_eq!(d.stop().await, Some(0));
    let log = d.log();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
    }
    for personal in [
        "Thandi",
        "422254",
        "a private reason",
        "a-reference",
        "broken",
        &d.token,
        &d.webhook_key,
        &d.ingest_key,
    ] {
        assert!(!log.contains(personal), "the log tells {personal}");
    }
}
