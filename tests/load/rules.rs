//! Replaying a draft over everything stored while swipes go on being decided; and one card that never rests.

use crate::daemon::Daemon;
use crate::{Failure, Open, histogram, ms, open_loop, print_latency};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Rules evaluated at every swipe during the replay.
const RULES: usize = 20;
/// Swipes decided meanwhile.
const RATE: u64 = 200;
/// Seconds at that rate without a replay, for comparison.
const ALONE_SECS: u64 = 20;
/// What a quiet machine should reach for 1,000,000 swipes; below the floors something is broken.
const AIM_SWIPES_PER_SECOND: f64 = 1_000_000.0 / 30.0;
const AIM_RATIO: f64 = 1.5;
const FLOOR_SWIPES_PER_SECOND: f64 = 8_000.0;
const FLOOR_RATIO: f64 = 10.0;
/// Swipes of the card that never rests.
const BUSY: u64 = 20_000;

/// Fills the rule set up to [`RULES`] with rules of a lead's own.
async fn fill_up(daemon: &Daemon) -> Result<(), Failure> {
    let rules = daemon.items("/v1/rules").await?.len();
    for number in rules..RULES + 1 {
        let rule = json!({"name": format!("Own {number}"), "mode": "shadow", "outcome": "alert", "severity": "info",
            "expression": "swipe.amount_cents > p.cents && swipe.hour >= 2 && velocity.swipes_24h > 50 && !(swipe.merchant in list.allow_merchants)",
            "parameters": {"cents": 40_000 + number}});
        daemon.call("PUT", &format!("/v1/rules/own_{number}"), rule).await?;
    }
    Ok(())
}

async fn swipes_at(daemon: &Daemon, first: u64, seconds: u64) -> Result<Histogram<u64>, Failure> {
    open_loop(daemon, Open { first, rate: RATE, seconds, connections: 16 }).await
}

/// Measures a replay; `first` is the number of the first swipe not yet sent.
pub async fn replay(daemon: &Daemon, first: u64) -> Result<bool, Failure> {
    fill_up(daemon).await?;
    println!("replay of everything stored, {RULES} rules, while {RATE} swipes/s are decided");
    let alone = swipes_at(daemon, first, ALONE_SECS).await?;
    print_latency(&alone);
    let draft = json!({"id": "velocity", "parameters": {"swipes_per_hour": 4}});
    let asked = json!({"rule": draft, "from": "2020-01-01T00:00:00Z"});
    let started = Instant::now();
    let replay = daemon.call("POST", "/v1/replays", asked).await?;
    let path = format!("/v1/replays/{}", replay["id"].as_str().ok_or("no replay")?);
    let mut during = histogram();
    let mut next = first + RATE * ALONE_SECS;
    let done: Value = loop {
        // A second of swipes between looks at how far it is.
        during.add(swipes_at(daemon, next, 1).await?)?;
        next += RATE;
        let replay = daemon.call("GET", &path, Value::Null).await?;
        if replay["status"] != "waiting" && replay["status"] != "running" {
            break replay;
        }
        if started.elapsed() > Duration::from_secs(600) {
            return Err("the replay does not end".into());
        }
    };
    let swipes = done["result"]["swipes"].as_i64().ok_or_else(|| done.to_string())?;
    let took = started.elapsed().as_secs_f64();
    let rate = swipes as f64 / took;
    let ratio = ms(&during, 0.99) / ms(&alone, 0.99);
    print_latency(&during);
    println!(
        "  {swipes} swipes in {took:.1} s       {rate:>10.0} /s   (p99 of swipes meanwhile {ratio:.2} times that without)"
    );
    let word = |met: bool| if met { "met" } else { "missed" };
    println!(
        "  aim >= {AIM_SWIPES_PER_SECOND:.0} /s {}, p99 <= {AIM_RATIO} times {}",
        word(rate >= AIM_SWIPES_PER_SECOND),
        word(ratio <= AIM_RATIO)
    );
    Ok(rate >= FLOOR_SWIPES_PER_SECOND && ratio <= FLOOR_RATIO)
}

/// One card asks again and again; its last swipes must cost what its first cost.
pub async fn busy_card(daemon: &Daemon) -> Result<bool, Failure> {
    println!("one card, {BUSY} swipes one after another");
    let mut connection = crate::Connection::open(daemon.partner.trim_start_matches("http://")).await?;
    let mut parts = [histogram(), histogram()];
    for number in 0..BUSY {
        let request = crate::client::request(daemon, &crate::world::busy_swipe(number));
        let asked = Instant::now();
        connection.ask(&request).await?;
        let part = match number {
            n if n < BUSY / 10 => 0,
            n if n >= BUSY - BUSY / 10 => 1,
            _ => continue,
        };
        parts[part].saturating_record(crate::micros(asked.elapsed()));
    }
    let ratio = ms(&parts[1], 0.5) / ms(&parts[0], 0.5);
    println!(
        "  p50 of the first tenth {:.2} ms, of the last {:.2} ms: {ratio:.2} times",
        ms(&parts[0], 0.5),
        ms(&parts[1], 0.5)
    );
    // A sum over all its swipes would take ten times as long at the end.
    Ok(ratio <= 3.0)
}
