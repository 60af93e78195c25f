//! The data directory: who holds it, its secrets, and where the running daemon is found.

use super::{Failure, fail};
use crate::clock;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

pub const DATABASE_FILE: &str = "cartwarden.db";
const LOCK_FILE: &str = "daemon.lock";
const READY_FILE: &str = "daemon.json";
const TOKEN_FILE: &str = "desk.token";
const SECRET_FILE: &str = "secret.key";
/// Only the owner reads secrets.
const PRIVATE: u32 = 0o600;

/// What a daemon says once it can answer, on stdout and in `daemon.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    pub event: String,
    pub partner_url: String,
    pub desk_url: String,
    pub version: String,
    #[serde(default)]
    pub pid: u32,
}

/// Holds the data directory for this process; freed when dropped, or when the process dies.
pub struct Held {
    _lock: File,
}

/// Makes the directory and takes it for this process.
pub fn hold(directory: &Path) -> Result<Held, Failure> {
    // Personal data lies in it: whoever makes the directory keeps it to themselves.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| {
        Failure(format!("the data directory {} cannot be made: {error}", directory.display()))
    })?;
    let path = directory.join(LOCK_FILE);
    let mut lock =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(PRIVATE).open(&path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // An unreadable note only costs the number in the sentence.
            let _ = lock.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() {
                "another daemon".into()
            } else {
                format!("process {}", holder.trim())
            };
            return fail(format!("{} is held by {holder}: stop it first", directory.display()));
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "{}", std::process::id())?;
    Ok(Held { _lock: lock })
}

/// Reads a secret of this directory, making it the first time.
fn secret(directory: &Path, name: &str) -> Result<String, Failure> {
    let path = directory.join(name);
    if let Ok(text) = fs::read_to_string(&path)
        && text.trim().len() >= 32
    {
        return Ok(text.trim().to_owned());
    }
    let secret = clock::secret()?;
    write_private(&path, &secret)?;
    Ok(secret)
}

/// Writes beside and renames, so that no reader sees half of it.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(())
}

/// The desk's bearer token.
pub fn desk_token(directory: &Path) -> Result<String, Failure> {
    secret(directory, TOKEN_FILE)
}

/// What keys the digests of references.
pub fn digest_secret(directory: &Path) -> Result<Vec<u8>, Failure> {
    Ok(secret(directory, SECRET_FILE)?.into_bytes())
}

pub fn announce(directory: &Path, ready: &Ready) -> Result<(), Failure> {
    write_private(&directory.join(READY_FILE), &serde_json::to_string(ready)?)
}

pub fn withdraw(directory: &Path) {
    // Gone already is just as well.
    let _ = fs::remove_file(directory.join(READY_FILE));
}

/// A running daemon of a data directory.
pub struct Running {
    pub ready: Ready,
    pub token: String,
    pub client: reqwest::Client,
}

/// Finds the daemon that serves `directory`, if it answers.
pub async fn running(directory: &Path) -> Option<Running> {
    let ready: Ready = serde_json::from_str(&fs::read_to_string(directory.join(READY_FILE)).ok()?).ok()?;
    let token = fs::read_to_string(directory.join(TOKEN_FILE)).ok()?.trim().to_owned();
    let client =
        reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(10)).build().ok()?;
    let alive = client.get(format!("{}/healthz", ready.desk_url)).send().await.ok()?;
    alive.status().is_success().then_some(Running { ready, token, client })
}
