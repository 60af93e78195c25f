//! Black-box tests: the real daemon, a real database file, real neighbours.

mod access;
mod alerts;
mod bad_input;
mod card_code;
mod card_numbers;
mod cards;
mod clients;
mod demo_truth;
mod events;
mod ingest;
mod kills;
mod linking;
mod openapi;
mod outbox;
mod repeats;
mod replay;
mod rules;
mod shuffled_events;
mod simulated;
mod slack;
mod storage;
mod store_on_postgres;
mod support;
mod tidy;
mod webhook;
