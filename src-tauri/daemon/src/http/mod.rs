//! The two listeners: partner (machines; the only one ever exposed) and desk (people).

pub mod access;
mod alerts;
mod answer;
mod authorizations;
mod cards;
pub mod desk;
mod drafts;
mod events;
mod export;
mod health;
pub mod ingest;
pub mod keys;
mod list;
mod lists;
mod messages;
pub mod partner;
pub mod people;
mod records;
mod replays;
mod reports;
mod rules;
pub mod serve;
mod settings;
mod test_clock;
mod webhook;

pub use answer::{ApiError, ErrorBody, Json, read_json};
