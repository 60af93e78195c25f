//! Adapters from a bank's wire format to our own types; one module a bank.

pub mod investec;
