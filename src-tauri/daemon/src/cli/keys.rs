//! `key add|list|revoke`: through the daemon while it runs, else in the database itself.

use super::data_dir::{self, Running};
use super::{Failure, Place, fail};
use crate::clock;
use crate::http::keys::{KeyWithSecret, NewKey, check_name, new_secret};
use clap::Subcommand;
use serde::de::DeserializeOwned;
use store::keys::{self, PartnerKey, Scope};
use store::{Database, Lane, Writer};

/// Who the audit log names for acts at the terminal.
pub(super) const ACTOR: &str = "user:command-line";

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Add a key; its secret is printed alone, this once.
    Add {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        name: String,
        /// webhook, carts, promotions or ingest
        #[arg(long)]
        scope: String,
    },
    /// List keys, without secrets.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key by its id, or its name.
    Revoke {
        #[command(flatten)]
        place: Place,
        #[arg(long, visible_alias = "id")]
        name: String,
    },
}

pub async fn run(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Add { place, name, scope } => add(&place, name, &scope).await,
        KeyCommand::List { place } => list(&place).await,
        KeyCommand::Revoke { place, name } => revoke(&place, name).await,
    }
}

async fn add(place: &Place, name: String, scope: &str) -> Result<(), Failure> {
    let Some(scope) = Scope::parse(scope) else {
        return fail("--scope is webhook, carts, promotions or ingest");
    };
    check_name(&name).map_err(|error| Failure(error.message))?;
    let secret = match data_dir::running(&place.data_dir).await {
        Some(running) => {
            let body = serde_json::to_string(&NewKey { name, scope })?;
            ask::<KeyWithSecret>(&running, "/v1/keys", body).await?.secret
        }
        None => {
            let secret = new_secret().map_err(|error| Failure(error.message))?;
            let (digest, now) = (keys::digest(&secret), clock::wall());
            with_writer(place, async |writer| {
                let id = clock::id("key", now);
                writer
                    .run(Lane::Live, move |tx| {
                        Box::pin(async move { keys::add(tx, &id, &name, scope, &digest, ACTOR, now).await })
                    })
                    .await
            })
            .await?;
            secret
        }
    };
    println!("{secret}");
    Ok(())
}

async fn list(place: &Place) -> Result<(), Failure> {
    let database = Database::open(&place.location()?).await?;
    for key in keys::list(&database).await? {
        let state = key.revoked_at.map_or_else(|| "in force".to_owned(), |at| format!("revoked {at}"));
        println!(
            "{}  {:<10}  {:<24}  made {}  {state}",
            key.id,
            key.scope.as_str(),
            key.name,
            key.created_at
        );
    }
    Ok(())
}

async fn revoke(place: &Place, name: String) -> Result<(), Failure> {
    let key = match data_dir::running(&place.data_dir).await {
        Some(running) => {
            ask::<PartnerKey>(&running, &format!("/v1/keys/{}/revoke", escaped(&name)), String::new()).await?
        }
        None => {
            let now = clock::wall();
            with_writer(place, async |writer| {
                writer
                    .run(Lane::Live, move |tx| {
                        Box::pin(async move { keys::revoke(tx, &name, ACTOR, now).await })
                    })
                    .await
            })
            .await?
        }
    };
    println!("revoked {} ({})", key.name, key.id);
    Ok(())
}

/// One path segment of an address.
fn escaped(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

pub(super) async fn ask<T: DeserializeOwned>(
    running: &Running,
    path: &str,
    body: String,
) -> Result<T, Failure> {
    let url = format!("{}{path}", running.ready.desk_url);
    let response = running.client.post(url).bearer_auth(&running.token).body(body).send().await?;
    let good = response.status().is_success();
    let text = response.text().await?;
    if good {
        return Ok(serde_json::from_str(&text)?);
    }
    let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    fail(said["message"].as_str().unwrap_or("the daemon refused").to_owned())
}

/// Runs one act on a database that no daemon holds.
pub(super) async fn with_writer<T>(
    place: &Place,
    act: impl AsyncFnOnce(&Writer) -> Result<T, store::StoreError>,
) -> Result<T, Failure> {
    let _held = data_dir::hold(&place.data_dir)?;
    let database = Database::open(&place.location()?).await?;
    let (writer, task) = Writer::start(&database).await?;
    let done = act(&writer).await;
    drop(writer);
    task.await?;
    Ok(done?)
}
