//! Backup, restore, checks, and what is printed for others to use.

use super::{Failure, Place, data_dir, fail};
use crate::http;
use clap::ValueEnum;
use std::fs;
use std::path::Path;
use store::audit::{self, Verified};
use store::{Database, Engine, Location};

#[derive(Clone, Copy, ValueEnum)]
pub enum Listener {
    Partner,
    Desk,
}

/// The one JavaScript for all cards.
const CARD_CODE: &str = include_str!("../card_code/card_code.js");

pub fn card_code() -> Result<(), Failure> {
    print!("{CARD_CODE}");
    Ok(())
}

pub fn openapi(listener: Listener) -> Result<(), Failure> {
    let document = match listener {
        Listener::Partner => http::partner::document(),
        Listener::Desk => http::desk::document(),
    };
    println!("{}", document.to_pretty_json()?);
    Ok(())
}

async fn open_existing(place: &Place) -> Result<Database, Failure> {
    let location = place.location()?;
    if let Some(path) = location.path()
        && !path.exists()
    {
        return fail(format!("there is no database at {}", path.display()));
    }
    Ok(Database::open(&location).await?)
}

pub async fn backup(file: &Path, place: &Place) -> Result<(), Failure> {
    if file.exists() {
        return fail(format!("{} exists already: name a new file", file.display()));
    }
    open_existing(place).await?.backup(file).await?;
    println!("backed up to {}", file.display());
    Ok(())
}

pub async fn restore(file: &Path, place: &Place) -> Result<(), Failure> {
    let location = place.location()?;
    let (Engine::Sqlite, Some(target)) = (location.engine(), location.path()) else {
        return fail("restore PostgreSQL with pg_restore");
    };
    if !file.exists() {
        return fail(format!("there is no file {}", file.display()));
    }
    let _held = data_dir::hold(&place.data_dir)?;
    // Checked beside its place first, so that a bad copy never replaces a good database.
    let fresh = target.with_extension("restoring");
    remove_with_logs(&fresh);
    fs::copy(file, &fresh)?;
    let checked = match Database::open(&Location::file(&fresh)).await {
        Ok(database) => {
            let checked = database.check().await;
            database.close().await;
            checked
        }
        Err(error) => Err(error),
    };
    if let Err(error) = checked {
        remove_with_logs(&fresh);
        return fail(format!("{} is no sound backup: {error}", file.display()));
    }
    if target.exists() {
        let kept = target.with_extension("db.before-restore");
        remove_with_logs(&kept);
        rename_with_logs(target, &kept)?;
    }
    rename_with_logs(&fresh, target)?;
    println!("restored {}; the database before it is kept as *.before-restore", target.display());
    Ok(())
}

/// SQLite's two files beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

fn remove_with_logs(path: &Path) {
    for suffix in BESIDE.into_iter().chain([""]) {
        // Not there is as good as removed.
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
}

fn rename_with_logs(from: &Path, to: &Path) -> Result<(), Failure> {
    for suffix in BESIDE.into_iter().chain([""]) {
        let from = format!("{}{suffix}", from.display());
        if Path::new(&from).exists() {
            fs::rename(&from, format!("{}{suffix}", to.display()))?;
        }
    }
    Ok(())
}

pub async fn check(place: &Place) -> Result<(), Failure> {
    let database = open_existing(place).await?;
    database.check().await.map_err(|error| Failure(format!("the database is not sound: {error}")))?;
    println!("the database is sound");
    Ok(())
}

pub async fn verify_audit(place: &Place) -> Result<(), Failure> {
    match audit::verify(&open_existing(place).await?).await? {
        Verified::Sound { entries } => {
            println!("the audit log is whole: {entries} entries");
            Ok(())
        }
        Verified::Broken { seq, why } => fail(format!("the audit log is broken at entry {seq}: {why}")),
    }
}
