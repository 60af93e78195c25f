//! `cargo desk bench`: what the daemon does on this machine, beside floors measured in the same run.
//!
//! Fills a database with authorizations through the webhook at saturation, then asks at a fixed rate in an
//! open loop, where a late answer delays no later question. Exits non-zero below the stated floors.

mod client;
mod daemon;
mod floors;
mod rules;
mod world;

use client::{Connection, Load};
use daemon::Daemon;
use hdrhistogram::Histogram;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What a quiet machine of this kind should reach; printed beside the results.
const AIM_PER_SECOND: f64 = 5_000.0;
const AIM_P99_MS: f64 = 10.0;
const AIM_P999_MS: f64 = 25.0;
/// Below these something is broken, however noisy the machine.
const FLOOR_PER_SECOND: f64 = 1_500.0;
const FLOOR_P99_MS: f64 = 100.0;

struct Arguments {
    stored: u64,
    rate: u64,
    seconds: u64,
    connections: usize,
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments { stored: 1_000_000, rate: 1_000, seconds: 30, connections: 64 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().and_then(|value| value.parse::<u64>().ok()).filter(|value| *value > 0);
        let value = value.ok_or_else(|| format!("{word} needs a number above 0"))?;
        match word.as_str() {
            "--stored" => arguments.stored = value,
            "--rate" => arguments.rate = value,
            "--seconds" => arguments.seconds = value,
            "--connections" => arguments.connections = usize::try_from(value).unwrap_or(64),
            _ => return Err(format!("{word}: there are --stored, --rate, --seconds and --connections")),
        }
    }
    Ok(arguments)
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("bench: {message}");
            return ExitCode::FAILURE;
        }
    };
    match run(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let directory = tempfile::tempdir_in(daemon::target_directory()?)?;
    println!("floors of this machine, in this run");
    let flushes = floors::fdatasync_per_second(directory.path())?;
    println!("  fdatasync of a 4 KiB page        {flushes:>10.0} /s");
    let daemon = Daemon::start(directory.path()).await?;
    let nothing = floors::empty_answers_per_second(&daemon.partner, arguments.connections).await?;
    println!("  same HTTP stack, empty answer    {nothing:>10.0} /s");
    println!("world: {} cards with an open order each, {} without", world::HONEST, world::THIEVES);
    world::ingest(&daemon).await?;

    println!("saturation: {} swipes over {} connections", arguments.stored, arguments.connections);
    let (rate, latency) = saturate(&daemon, arguments).await?;
    println!(
        "  durable decisions                {rate:>10.0} /s   ({:.2} of the HTTP floor, {:.1} per flush)",
        rate / nothing,
        rate / flushes
    );
    print_latency(&latency);
    daemon.print_stages().await?;

    // The log of a million rows is moved into the database first: that is the saturation's work, not this one's.
    daemon.settle().await?;
    println!("open loop: {} /s for {} s, {} stored", arguments.rate, arguments.seconds, arguments.stored);
    let before = daemon.stages().await?;
    let asked = Open {
        first: arguments.stored,
        rate: arguments.rate,
        seconds: arguments.seconds,
        connections: arguments.connections,
    };
    let open = open_loop(&daemon, asked).await?;
    print_latency(&open);
    daemon.print_stages_since(&before).await?;
    println!("  database                         {:>10.1} MB", daemon.database_bytes().await? as f64 / 1e6);
    let mut good = judge(rate, &open);
    good &= rules::replay(&daemon, arguments.stored + arguments.rate * arguments.seconds).await?;
    good &= rules::busy_card(&daemon).await?;
    println!("every floor: {}", if good { "held" } else { "BROKEN" });
    Ok(good)
}

fn ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1_000.0
}

fn print_latency(latency: &Histogram<u64>) {
    println!(
        "  p50 {:.2} ms   p99 {:.2} ms   p99.9 {:.2} ms   max {:.2} ms   ({} answers)",
        ms(latency, 0.5),
        ms(latency, 0.99),
        ms(latency, 0.999),
        latency.max() as f64 / 1_000.0,
        latency.len()
    );
}

fn judge(rate: f64, open: &Histogram<u64>) -> bool {
    let (p99, p999) = (ms(open, 0.99), ms(open, 0.999));
    let word = |met: bool| if met { "met" } else { "missed" };
    println!("aims on a quiet machine");
    println!("  >= {AIM_PER_SECOND:.0} decisions/s   {}", word(rate >= AIM_PER_SECOND));
    println!("  p99 <= {AIM_P99_MS} ms       {}", word(p99 <= AIM_P99_MS));
    println!("  p99.9 <= {AIM_P999_MS} ms     {}", word(p999 <= AIM_P999_MS));
    let good = rate >= FLOOR_PER_SECOND && p99 <= FLOOR_P99_MS;
    println!(
        "floors (>= {FLOOR_PER_SECOND:.0} /s, p99 <= {FLOOR_P99_MS} ms): {}",
        if good { "held" } else { "BROKEN" }
    );
    good
}

fn histogram() -> Histogram<u64> {
    // 1 us to 60 s with three digits: constants that cannot fail.
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds in order")
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// Every connection asks again as soon as it is answered.
async fn saturate(daemon: &Daemon, arguments: &Arguments) -> Result<(f64, Histogram<u64>), Failure> {
    let load = Load::new(daemon, arguments.stored);
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..arguments.connections {
        let load = load.clone();
        tasks.spawn(async move {
            let mut connection = Connection::open(&load.address).await?;
            let mut latency = histogram();
            while let Some(number) = load.next() {
                let asked = Instant::now();
                connection.ask(&load.request(number)).await?;
                latency.saturating_record(micros(asked.elapsed()));
            }
            Ok::<_, Failure>(latency)
        });
    }
    let mut latency = histogram();
    while let Some(done) = tasks.join_next().await {
        latency.add(done??)?;
    }
    Ok((arguments.stored as f64 / started.elapsed().as_secs_f64(), latency))
}

/// A run of questions at a fixed rate.
#[derive(Clone, Copy)]
struct Open {
    /// Number of its first swipe.
    first: u64,
    rate: u64,
    seconds: u64,
    connections: usize,
}

/// Questions leave at their appointed times, whatever became of those before; latency counts from the
/// appointed time, so that waiting for a free connection counts, too.
async fn open_loop(daemon: &Daemon, asked: Open) -> Result<Histogram<u64>, Failure> {
    let load = Load::after(daemon, asked.first, asked.rate * asked.seconds);
    let gap = Duration::from_secs_f64(1.0 / asked.rate as f64);
    let started = tokio::time::Instant::now() + Duration::from_millis(200);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..asked.connections {
        let load = load.clone();
        tasks.spawn(async move {
            let mut connection = Connection::open(&load.address).await?;
            let mut latency = histogram();
            while let Some(number) = load.next() {
                let due =
                    started + gap.saturating_mul(u32::try_from(number - load.first).unwrap_or(u32::MAX));
                tokio::time::sleep_until(due).await;
                connection.ask(&load.request(number)).await?;
                latency.saturating_record(micros(due.elapsed()));
            }
            Ok::<_, Failure>(latency)
        });
    }
    let mut latency = histogram();
    while let Some(done) = tasks.join_next().await {
        latency.add(done??)?;
    }
    Ok(latency)
}
