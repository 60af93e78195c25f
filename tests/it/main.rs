//! Black-box tests: the real daemon, a real database file, real neighbours.

mod demo_truth;
mod kills;
mod shuffled_events;
mod card_code;
mod openapi;
mod tidy;
mod replay;
mod store_on_postgres;
mod support;
mod alerts;
mod ingest;
mod events;
mod linking;
mod repeats;
mod webhook;
