//! The two listeners: partner (machines; the only one ever exposed) and desk (people).

pub mod access;
mod alerts;
mod answer;
mod authorizations;
mod cards;
pub mod desk;
mod events;
mod health;
pub mod ingest;
pub mod keys;
mod list;
mod messages;
pub mod partner;
mod records;
mod reports;
mod rules;
pub mod serve;
mod settings;
mod test_clock;
mod webhook;

pub use answer::{ApiError, ErrorBody, Json, read_json};
