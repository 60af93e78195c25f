//! The rules of the fraud desk, pure: the same inputs always give the same answer.
//!
//! Owns what a swipe, an order, a rule, a decision and an alert mean. Must not know a clock, a random
//! source, a file, a network or a database: `now` and ids come in as arguments.

pub mod alert;
pub mod authorization;
pub mod bank_event;
pub mod card_number;
pub mod decision;
pub mod explain;
pub mod expression;
pub mod facts;
pub mod goods;
pub mod history;
pub mod ids;
pub mod link;
pub mod lists;
pub mod merchant;
pub mod money;
pub mod record;
pub mod replay;
pub mod rule;
pub mod shipped;
pub mod time;
pub mod travel;
