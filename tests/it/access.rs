//! Who may ask what: keys, scopes, hosts, origins.

use crate::support::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn each_endpoint_takes_its_own_scope_alone() {
    let d = Daemon::with_small_world().await;
    let event = swipe("card-1", "r-1", 100).to_string();
    let mut keys = vec![(String::new(), "nonsense".to_owned()), (String::new(), d.token.clone())];
    for scope in ["webhook", "ingest", "carts", "promotions"] {
        keys.push((scope.to_owned(), d.key(scope).await));
    }
    for (path, needed) in [
        ("/v1/webhooks/investec/before", "webhook"),
        ("/v1/webhooks/investec/after", "webhook"),
        ("/v1/webhooks/investec/log", "webhook"),
        ("/v1/ingest", "ingest"),
    ] {
        for (scope, key) in &keys {
            let (status, answer) =
                d.send(Method::POST, format!("{}{path}", d.partner), key, Some(event.clone())).await;
            let expected = match scope.as_str() {
                "" => 401,
                scope if scope == needed => 0,
                _ => 403,
            };
            if expected == 0 {
                assert!(!matches!(status.as_u16(), 401 | 403), "{path} with {scope}: {answer}");
            } else {
                assert_eq!(status.as_u16(), expected, "{path} with scope {scope:?}: {answer}");
                assert!(answer["code"].is_string() && answer["message"].is_string(), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn no_key_a_wrong_scheme_and_an_empty_key_are_401_and_nothing_is_kept() {
    let d = Daemon::with_small_world().await;
    for header in ["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer-ish x"] {
        let mut request = d
            .http
            .post(format!("{}/v1/webhooks/investec/before", d.partner))
            .body(swipe("card-1", "r-1", 100).to_string());
        if !header.is_empty() {
            request = request.header("authorization", header);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header:?}");
        assert!(response.headers().contains_key("www-authenticate"), "{header:?}");
    }
    assert!(d.items("/v1/authorizations").await.is_empty());
}

#[tokio::test]
async fn a_key_made_and_revoked_by_command_while_the_daemon_runs_counts_at_once() {
    let d = Daemon::with_small_world().await;
    let dir = d.data_dir.to_str().unwrap();
    let (done, secret, said) =
        command(&["key", "add", "--data-dir", dir, "--name", "till", "--scope", "webhook"]);
    assert!(done && !secret.contains(char::is_whitespace), "the secret alone on stdout: {secret:?} {said}");
    let ask = async |reference: &str| {
        d.send(
            Method::POST,
            format!("{}/v1/webhooks/investec/before", d.partner),
            &secret,
            Some(swipe("card-1", reference, 1).to_string()),
        )
        .await
        .0
    };
    assert_eq!(ask("r-1").await, StatusCode::OK);
    let (_, listed, _) = command(&["key", "list", "--data-dir", dir]);
    assert!(listed.contains("till") && !listed.contains(&secret), "{listed}");
    let (done, _, said) = command(&["key", "revoke", "--data-dir", dir, "--name", "till"]);
    assert!(done, "{said}");
    assert_eq!(ask("r-2").await, StatusCode::UNAUTHORIZED, "a revoked key must be refused at once");
    assert!(!d.get("/v1/keys").await.to_string().contains(&secret), "stored hashed, never shown again");
    for (args, what) in [
        (vec!["key", "revoke", "--data-dir", dir, "--name", "nobody"], "unknown name"),
        (vec!["key", "add", "--data-dir", dir, "--name", "x", "--scope", "everything"], "unknown scope"),
        (vec!["key", "add", "--data-dir", dir, "--name", "", "--scope", "webhook"], "no name"),
    ] {
        let (done, _, said) = command(&args);
        assert!(!done && !said.is_empty(), "{what}: exits non-zero with a sentence: {said:?}");
    }
}

#[tokio::test]
async fn a_key_made_while_the_daemon_is_down_works_when_it_is_up_and_stays_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let secrets: Vec<String> = ["one", "two"]
        .into_iter()
        .map(|name| {
            let (done, secret, said) =
                command(&["key", "add", "--data-dir", path, "--name", name, "--scope", "webhook"]);
            assert!(done, "{said}");
            secret
        })
        .collect();
    assert!(command(&["key", "revoke", "--data-dir", path, "--name", "two"]).0);
    let d = Daemon::start_in(dir.path()).await;
    for (secret, status) in secrets.iter().zip([StatusCode::OK, StatusCode::UNAUTHORIZED]) {
        let url = format!("{}/v1/webhooks/investec/before", d.partner);
        assert_eq!(d.send(Method::POST, url, secret, Some(swipe("c", "r", 1).to_string())).await.0, status);
    }
}

#[tokio::test]
async fn the_desk_takes_only_its_token_and_the_partner_side_never_does() {
    let d = Daemon::start().await;
    for (key, status) in
        [("", 401), ("nonsense", 401), (d.webhook_key.as_str(), 401), (d.token.as_str(), 200)]
    {
        assert_eq!(
            d.send(Method::GET, format!("{}/v1/cards", d.desk), key, None).await.0.as_u16(),
            status,
            "{key:?}"
        );
    }
    for path in ["/v1/cards", "/v1/rules", "/v1/events", "/metrics", "/v1/test/clock"] {
        let (status, _) = d.send(Method::GET, format!("{}{path}", d.partner), &d.token, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} must not exist on the exposed listener");
    }
}

#[tokio::test]
async fn health_needs_no_key_on_either_listener() {
    let d = Daemon::start().await;
    for base in [&d.partner, &d.desk] {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(
                d.http.get(format!("{base}{path}")).send().await.unwrap().status(),
                StatusCode::OK,
                "{base}{path}"
            );
        }
    }
    let metrics = d.get("/metrics").await;
    assert!(metrics.as_str().unwrap().contains("# TYPE"), "Prometheus text");
}

#[tokio::test]
async fn the_desk_answers_only_to_its_exact_hosts_and_own_origin() {
    let d = Daemon::start().await;
    let port = d.desk.rsplit(':').next().unwrap().to_owned();
    let ask = async |name: &str, value: &str| {
        let response = d
            .http
            .get(format!("{}/v1/cards", d.desk))
            .bearer_auth(&d.token)
            .header(name, value)
            .send()
            .await
            .unwrap();
        let cors = response.headers().keys().any(|key| key.as_str().starts_with("access-control-"));
        assert!(!cors, "no CORS, ever: {name}: {value}");
        response.status().as_u16()
    };
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("evil.example".to_owned(), 403),
        (format!("evil.example:{port}"), 403),
        (format!("127.0.0.1.evil.example:{port}"), 403),
        ("localhost".to_owned(), 403),
        ("localhost:1".to_owned(), 403),
    ] {
        assert_eq!(ask("host", &host).await, status, "Host: {host} (DNS rebinding)");
    }
    for (origin, status) in [
        (format!("http://127.0.0.1:{port}"), 200),
        (format!("http://localhost:{port}"), 200),
        ("https://evil.example".to_owned(), 403),
        ("null".to_owned(), 403),
        (format!("https://127.0.0.1:{port}"), 403),
        (format!("http://localhost:{port}.evil.example"), 403),
    ] {
        assert_eq!(ask("origin", &origin).await, status, "Origin: {origin}");
    }
    let preflight = d
        .http
        .request(Method::OPTIONS, format!("{}/v1/cards", d.desk))
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn secrets_on_disk_are_the_owners_alone_and_the_ready_line_is_in_daemon_json() {
    let d = Daemon::start().await;
    for file in ["desk.token", "daemon.json"] {
        let mode = std::fs::metadata(d.data_dir.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let ready: Value =
        serde_json::from_str(&std::fs::read_to_string(d.data_dir.join("daemon.json")).unwrap()).unwrap();
    assert_eq!(
        (&ready["event"], &ready["partner_url"], &ready["desk_url"]),
        (&json!("ready"), &json!(d.partner), &json!(d.desk))
    );
    assert!(ready["version"].is_string());
}

#[tokio::test]
async fn the_test_clock_exists_only_where_it_was_asked_for() {
    let d = Daemon::start_with(Options { test_clock: None, ..Options::default() }).await;
    let (status, answer) = d.desk(Method::POST, "/v1/test/clock", Some(json!({"now": T0}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "nobody moves a real clock: {answer}");
    let dir = tempfile::tempdir().unwrap();
    let (done, _, said) = command(&[
        "serve",
        "--data-dir",
        dir.path().to_str().unwrap(),
        "--listen",
        "0.0.0.0:0",
        "--test-clock",
        T0,
    ]);
    assert!(!done && said.contains("loopback"), "a frozen clock must not be exposed: {said}");
}
