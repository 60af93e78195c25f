//! Cartwarden's daemon.
//!
//! Owns the wire: listeners, workers, calls to the outside, the command line. What a swipe means is in
//! `fraud`, every SQL statement in `store`.

mod app;
mod charts;
mod cli;
mod clients;
mod clock;
mod demo;
mod http;
mod issuer;
mod latency;
mod metrics;
mod replay;
mod workers;

use clap::Parser;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter(filter).init();
    match cli::run(cli::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cartwardend: {}", failure.0);
            ExitCode::FAILURE
        }
    }
}
