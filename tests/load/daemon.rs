//! The release daemon under test, and what it says of itself.

use crate::Failure;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct Daemon {
    child: Child,
    pub partner: String,
    desk: String,
    token: String,
    pub webhook_key: String,
    ingest_key: String,
    http: reqwest::Client,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Measured and done: nothing of it is kept.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn own_directory() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    Ok(here.parent().ok_or("this program lies nowhere")?.to_owned())
}

/// `target/`: the disk that is measured is the one that is built on.
pub fn target_directory() -> Result<PathBuf, Failure> {
    Ok(own_directory()?.parent().ok_or("target lies nowhere")?.to_owned())
}

impl Daemon {
    pub async fn start(data_dir: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(own_directory()?.join("cartwardend"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .env("RUST_LOG", "warn")
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        let mut daemon = Daemon {
            child,
            partner: text("partner_url"),
            desk: text("desk_url"),
            token: std::fs::read_to_string(data_dir.join("desk.token"))?.trim().to_owned(),
            webhook_key: String::new(),
            ingest_key: String::new(),
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(120)).build()?,
        };
        daemon.webhook_key = daemon.key("webhook").await?;
        daemon.ingest_key = daemon.key("ingest").await?;
        Ok(daemon)
    }

    async fn key(&self, scope: &str) -> Result<String, Failure> {
        let body = json!({"name": format!("bench {scope}"), "scope": scope}).to_string();
        let answer = self
            .http
            .post(format!("{}/v1/keys", self.desk))
            .bearer_auth(&self.token)
            .body(body)
            .send()
            .await?;
        let key: Value = serde_json::from_str(&answer.text().await?)?;
        Ok(key["secret"].as_str().ok_or("no key")?.to_owned())
    }

    async fn get(&self, path: &str) -> Result<String, Failure> {
        let answer = self.http.get(format!("{}{path}", self.desk)).bearer_auth(&self.token).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// A call of the desk; the body of its answer.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Result<Value, Failure> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, format!("{}{path}", self.desk)).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.is_success() { Ok(serde_json::from_str(&text)?) } else { Err(text.into()) }
    }

    pub async fn items(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let list = self.call("GET", path, Value::Null).await?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }

    /// The daemon's own time.
    pub async fn now(&self) -> Result<String, Failure> {
        let status: Value = serde_json::from_str(&self.get("/v1/status").await?)?;
        Ok(status["now"].as_str().ok_or("no time")?.to_owned())
    }

    pub async fn ingest(&self, body: String) -> Result<(), Failure> {
        let answer = self
            .http
            .post(format!("{}/v1/ingest", self.partner))
            .bearer_auth(&self.ingest_key)
            .body(body)
            .send()
            .await?;
        let answer: Value = serde_json::from_str(&answer.text().await?)?;
        if answer["rejected"] == json!([]) { Ok(()) } else { Err(answer.to_string().into()) }
    }

    pub async fn database_bytes(&self) -> Result<i64, Failure> {
        let health: Value = serde_json::from_str(&self.get("/v1/feed-health").await?)?;
        Ok(health["storage"]["database_bytes"].as_i64().unwrap_or(0))
    }

    /// Waits until the database's log has stopped moving, for a minute at most.
    pub async fn settle(&self) -> Result<(), Failure> {
        let mut before = -1;
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(12)).await;
            let now = self.database_bytes().await?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(())
    }

    /// The writer's totals by stage, from its metrics.
    pub async fn stages(&self) -> Result<BTreeMap<String, f64>, Failure> {
        let metrics = self.get("/metrics").await?;
        let stage = |line: &str| {
            let (name, value) = line.strip_prefix("cartwarden_writer{kind=\"")?.split_once("\"} ")?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        };
        Ok(metrics.lines().filter_map(stage).collect())
    }

    pub async fn print_stages(&self) -> Result<(), Failure> {
        self.print_stages_since(&BTreeMap::new()).await
    }

    /// Where the writer's time went, per swipe; waiting overlaps, the other stages add up.
    pub async fn print_stages_since(&self, before: &BTreeMap<String, f64>) -> Result<(), Failure> {
        let now = self.stages().await?;
        let since = |name: &str| now.get(name).unwrap_or(&0.0) - before.get(name).unwrap_or(&0.0);
        let (jobs, batches) = (since("jobs").max(1.0), since("batches").max(1.0));
        let each = |name: &str| since(name) / jobs;
        println!(
            "  where the time goes, per swipe: waits {:.0} us; reads facts {:.0}, decides {:.0}, inserts {:.0}, commits {:.0} us; {:.1} swipes a commit",
            each("wait_us"),
            each("facts_us"),
            each("decide_us"),
            each("insert_us"),
            each("commit_us"),
            jobs / batches
        );
        Ok(())
    }
}
