//! Calls to the outside, one module a receiver.

pub mod standard_webhooks;
