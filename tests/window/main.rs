//! The real window on a private desktop: X server, session bus, notification service, WebDriver, daemon.
//!
//! `cargo desk test` brings the programs; alone: `cargo build --workspace` and `ui` built, then
//! `cargo test -p tests --features window --test window`.

mod accessible;
mod desktop;
mod feed;
mod live_path;
mod measure;
mod notes;
mod processes;
mod queue;
mod rules_desk;
mod screens;
