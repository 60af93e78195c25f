//! The published API: snapshots, no route unguarded or missing, and the window's types made from it.

use crate::support::{Daemon, command};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn fixture(listener: &str) -> PathBuf {
    root().join(format!("tests/fixtures/{listener}-openapi.json"))
}

fn snapshot(listener: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture(listener)).unwrap()).unwrap()
}

/// If this fails, the API changed without its snapshot: look at the difference, then renew it.
#[test]
fn the_documents_are_as_in_the_snapshots() {
    for listener in ["desk", "partner"] {
        let (printed, document, said) = command(&["openapi", listener]);
        assert!(printed, "{said}");
        let kept = std::fs::read_to_string(fixture(listener)).unwrap_or_default();
        let renew =
            format!("target/debug/cartwardend openapi {listener} > tests/fixtures/{listener}-openapi.json");
        assert!(
            kept.trim() == document,
            "the {listener} API changed; once that is meant, renew with: {renew}"
        );
        let version = snapshot(listener)["openapi"].as_str().unwrap().to_owned();
        assert!(version.starts_with("3.1."), "OpenAPI {version}");
    }
}

/// If this fails, a running daemon describes another API than the one it prints.
#[tokio::test]
async fn the_listeners_serve_their_documents() {
    let daemon = Daemon::start().await;
    assert!(daemon.get("/v1/openapi.json").await == snapshot("desk"));
    let url = format!("{}/v1/openapi.json", daemon.partner);
    let (status, served) = daemon.send(Method::GET, url, &daemon.webhook_key, None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(served == snapshot("partner"));
}

/// Every call of a document: method and path, its placeholders filled.
fn calls(listener: &str) -> Vec<(Method, String)> {
    let document = snapshot(listener);
    let mut calls = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        for method in operations.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            calls.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    calls
}

/// Health, numbers and the description of the API tell nothing of people or cards.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics" | "/v1/openapi.json")
}

/// If this fails, a route can be called without a token, or is promised and not there.
#[tokio::test]
async fn every_route_is_guarded_and_exists() {
    let daemon = Daemon::start().await;
    let calls_of = |listener, url: &str, token: &str| (calls(listener), url.to_owned(), token.to_owned());
    for (calls, base, token) in [
        calls_of("desk", &daemon.desk, &daemon.token),
        calls_of("partner", &daemon.partner, &daemon.webhook_key),
    ] {
        assert!(!calls.is_empty());
        for (method, path) in calls {
            let request = || daemon.http.request(method.clone(), format!("{base}{path}"));
            let bare = request().body("{}").send().await.unwrap();
            // Signing in is how one comes by a token: it reads what it is sent.
            let expected = match path.as_str() {
                "/v1/session" => StatusCode::UNPROCESSABLE_ENTITY,
                open if is_open(open) => StatusCode::OK,
                _ => StatusCode::UNAUTHORIZED,
            };
            assert_eq!(bare.status(), expected, "{method} {path} without a token");
            let wrong = request().bearer_auth("cw_nonsense").body("{}").send().await.unwrap();
            assert_eq!(wrong.status(), expected, "{method} {path} with a wrong token");
            let known = request().bearer_auth(&token).body("{}").send().await.unwrap();
            assert_ne!(known.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            if known.status() == StatusCode::NOT_FOUND {
                let said = known.text().await.unwrap();
                assert!(!said.contains("nothing at this address"), "{method} {path} does not exist");
            }
        }
    }
}

/// If this fails, a path nobody described answers, or an error has another form than the described one.
#[tokio::test]
async fn what_is_not_described_is_not_there() {
    let daemon = Daemon::start().await;
    for (base, token) in [(&daemon.desk, &daemon.token), (&daemon.partner, &daemon.webhook_key)] {
        for path in ["/", "/v1", "/v1/nonsense", "/v1/cards/x/y/z", "/openapi.json"] {
            let (status, error) = daemon.send(Method::GET, format!("{base}{path}"), token, None).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(error["code"].is_string() && error["message"].is_string(), "{error}");
        }
    }
}

/// If this fails, the window was built against another API than the daemon's.
#[test]
fn the_windows_types_come_from_the_snapshot() {
    let ui = root().join("ui");
    let generator = ui.join("node_modules/.bin/openapi-typescript");
    if !generator.exists() {
        let done = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&ui).output();
        assert!(done.is_ok_and(|done| done.status.success()), "npm ci in ui must work");
    }
    let package: Value =
        serde_json::from_str(&std::fs::read_to_string(ui.join("package.json")).unwrap()).unwrap();
    let script = package["scripts"]["generate"].as_str().unwrap_or_default();
    // The same flags as in the script that writes the file.
    let flags = script.split_whitespace().filter(|word| word.starts_with("--") && *word != "--output");
    let made = Command::new(generator).arg(fixture("desk")).args(flags).current_dir(&ui).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let kept = std::fs::read_to_string(ui.join("src/lib/api/schema.d.ts")).unwrap();
    let renew = "npm run generate in ui, made from tests/fixtures/desk-openapi.json";
    assert!(
        String::from_utf8(made.stdout).unwrap().trim() == kept.trim(),
        "schema.d.ts is of another API: {renew}"
    );
}
