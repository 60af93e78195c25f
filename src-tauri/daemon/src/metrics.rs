//! Prometheus metrics of the daemon.

use crate::app::App;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    pub kind: &'static str,
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    pub decisions: Family<Kind, Counter>,
    pub stand_ins: Counter,
    pub repeats: Counter,
    pub events: Family<Kind, Counter>,
    pub ingest_lines: Family<Kind, Counter>,
    pub deliveries: Family<Kind, Counter>,
    pub seconds: Histogram,
    live_depth: Gauge,
    backlog: Gauge,
    writer: Family<Kind, Gauge>,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("cartwarden");
        let metrics = Metrics {
            decisions: Family::default(),
            stand_ins: Counter::default(),
            repeats: Counter::default(),
            events: Family::default(),
            ingest_lines: Family::default(),
            deliveries: Family::default(),
            // 0.25 ms to 4 s, each bucket double the one before.
            seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 15)),
            live_depth: Gauge::default(),
            backlog: Gauge::default(),
            writer: Family::default(),
            registry: Registry::default(),
        };
        registry.register("decisions", "Authorizations answered, by outcome", metrics.decisions.clone());
        registry.register("stand_ins", "Authorizations answered by the fallback", metrics.stand_ins.clone());
        registry.register("repeats", "Further calls for the same authorization", metrics.repeats.clone());
        registry.register("bank_events", "Later events of the bank, by kind", metrics.events.clone());
        registry.register("ingest_lines", "Ingested lines, by result", metrics.ingest_lines.clone());
        registry.register("deliveries", "Tries to deliver a message, by result", metrics.deliveries.clone());
        registry.register_with_unit(
            "decision",
            "From receipt to answer",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register("live_queue_depth", "Jobs waiting for the writer", metrics.live_depth.clone());
        registry.register(
            "unrecorded_stand_ins",
            "Answered swipes that are not recorded yet",
            metrics.backlog.clone(),
        );
        registry.register(
            "writer",
            "Totals of the writer: batches, jobs, and microseconds by stage",
            metrics.writer.clone(),
        );
        Metrics { registry, ..metrics }
    }

    /// The text that Prometheus reads.
    pub fn text(&self, app: &App) -> String {
        let stats = &app.writer.stats;
        self.live_depth.set(stats.live_depth.load(Ordering::Relaxed));
        self.backlog.set(i64::try_from(app.writer.backlog_len()).unwrap_or(i64::MAX));
        let numbers: [(&'static str, &AtomicU64); 7] = [
            ("batches", &stats.batches),
            ("jobs", &stats.jobs),
            ("wait_us", &stats.wait_us),
            ("facts_us", &stats.facts_us),
            ("decide_us", &stats.decide_us),
            ("insert_us", &stats.insert_us),
            ("commit_us", &stats.commit_us),
        ];
        for (kind, number) in numbers {
            let value = i64::try_from(number.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            self.writer.get_or_create(&Kind { kind }).set(value);
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
