//! The command line; every command exits non-zero with one clear sentence when it can't.

pub mod data_dir;
pub mod demo;
mod demo_epoch;
mod keys;
mod people;
mod replay;
mod serve;
mod upkeep;

use clap::{Args, Parser, Subcommand};
use fraud::time::UnixMs;
use std::path::PathBuf;
use store::Location;

/// A sentence for the person at the terminal.
#[derive(Debug)]
pub struct Failure(pub String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.to_string())
    }
}

pub fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure(message.into()))
}

#[derive(Parser)]
#[command(
    name = "cartwardend",
    version,
    about = "Cartwarden's daemon: answers the bank's webhook and serves the desk."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the data lies.
#[derive(Args, Clone)]
pub struct Place {
    /// Directory that holds the database, the desk's token and the daemon's own files.
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// sqlite://PATH or postgres://...; a file in the data directory unless told.
    #[arg(long, value_name = "ADDRESS")]
    pub database: Option<String>,
}

impl Place {
    pub fn location(&self) -> Result<Location, Failure> {
        match &self.database {
            Some(address) => Location::parse(address).map_err(Failure),
            None => Ok(Location::file(&self.data_dir.join(data_dir::DATABASE_FILE))),
        }
    }
}

fn parse_time(text: &str) -> Result<UnixMs, String> {
    UnixMs::parse(text)
}

#[derive(Subcommand)]
enum Command {
    /// Answer the bank's webhook and serve the desk until told to stop.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address for the bank, tills and the order system; the only one to expose.
        #[arg(long, default_value = "127.0.0.1:8686", value_name = "ADDRESS")]
        listen: String,
        /// Address for people at this machine.
        #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
        desk_listen: String,
        /// Freeze our time there; the desk moves it (for tests, loopback only).
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        test_clock: Option<UnixMs>,
    },
    /// Keys of machines.
    Key {
        #[command(subcommand)]
        command: keys::KeyCommand,
    },
    /// People who may sign in.
    User {
        #[command(subcommand)]
        command: people::UserCommand,
    },
    /// Fill an empty directory with a labelled demo world.
    Demo {
        #[command(flatten)]
        place: Place,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[arg(long, default_value_t = crate::demo::DAYS_DEFAULT)]
        days: u32,
        #[arg(long, default_value_t = crate::demo::SHOPPERS_DEFAULT)]
        shoppers: u32,
        /// When its history ends; now unless told.
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        until: Option<UnixMs>,
        /// Leave history unloaded: write it to demo-history.ndjson for `replay` instead.
        #[arg(long)]
        unloaded: bool,
    },
    /// Send recorded traffic through the real endpoints of a running daemon.
    Replay {
        file: PathBuf,
        /// Seconds of the record in one second; 0 sends as fast as answers come.
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        #[command(flatten)]
        place: Place,
    },
    /// Print the JavaScript to put on every card.
    CardCode,
    /// Print the OpenAPI document of one listener.
    Openapi { listener: upkeep::Listener },
    /// Write a whole copy of the database, while the daemon runs.
    Backup {
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Put a copy back; the daemon must be stopped.
    Restore {
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Check that the database is sound.
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Prove the audit log's chain, or name the first broken entry.
    VerifyAudit {
        #[command(flatten)]
        place: Place,
    },
}

pub async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Serve { place, listen, desk_listen, test_clock } => {
            serve::serve(&place, &listen, &desk_listen, test_clock).await
        }
        Command::Key { command } => keys::run(command).await,
        Command::User { command } => people::run(command).await,
        Command::Demo { place, seed, days, shoppers, until, unloaded } => {
            demo::run(&place, demo::Wanted { seed, days, shoppers, until, unloaded }).await
        }
        Command::Replay { file, speed, place } => replay::run(&file, speed, &place).await,
        Command::CardCode => upkeep::card_code(),
        Command::Openapi { listener } => upkeep::openapi(listener),
        Command::Backup { file, place } => upkeep::backup(&file, &place).await,
        Command::Restore { file, place } => upkeep::restore(&file, &place).await,
        Command::Check { place } => upkeep::check(&place).await,
        Command::VerifyAudit { place } => upkeep::verify_audit(&place).await,
    }
}
