//! Every SQL statement of the program, and the one writer that runs those that change anything.
//!
//! Owns tables, transactions and their order. Must not know HTTP, Slack, files or the wall clock: times
//! and ids come in as arguments. The same statements run on SQLite and PostgreSQL; what one engine needs
//! alone stands in `engine.rs`.

pub mod alerts;
pub mod audit;
pub mod authorizations;
pub mod bank_events;
pub mod cards;
pub mod drafts;
pub mod engine;
mod error;
pub mod firings;
pub mod health;
mod history;
pub mod ingest;
pub mod keys;
pub mod lists;
pub mod load;
mod orders;
pub mod outbox;
pub mod past;
pub mod people;
#[cfg(test)]
mod plans_test;
pub mod records;
pub mod relink;
mod roster;
pub mod rules;
pub mod settings;
mod sql;
pub mod swipe;
mod versions;
pub mod writer;

pub use engine::{Database, Engine, Location};
pub use error::StoreError;
pub use sql::Page;

/// What every list takes and answers.
pub mod sql_page {
    pub use crate::sql::{Cursor, LIMIT_DEFAULT, LIMIT_MAX};
}
pub use writer::{Lane, Tag, Tx, Writer};
