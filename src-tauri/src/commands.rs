//! What the page can ask of the native half. Thin: each is one call into its module.

use std::sync::Arc;

use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::{
    daemon_link::{CallAnswer, CallRequest, DaemonStatus, Link, LinkError},
    files,
};

type LinkState<'a> = State<'a, Arc<Link>>;

#[tauri::command]
pub async fn call_daemon(link: LinkState<'_>, request: CallRequest) -> Result<CallAnswer, LinkError> {
    link.call(request).await
}

#[tauri::command]
pub fn daemon_status(link: LinkState<'_>) -> DaemonStatus {
    link.status()
}

#[tauri::command]
pub async fn restart_daemon(link: LinkState<'_>) -> Result<(), LinkError> {
    link.restart().await
}

#[tauri::command]
pub async fn save_file(app: AppHandle, name: String, content: String) -> Result<Option<String>, LinkError> {
    files::save(&app, &name, content).await
}

#[tauri::command]
pub async fn open_data_directory(link: LinkState<'_>) -> Result<(), LinkError> {
    files::open_directory(&link.options().data_dir).await
}

/// The answer to "quit?": with the daemon, the window alone, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quit {
    Daemon,
    Window,
    Stay,
}

#[tauri::command]
pub async fn quit_answer(app: AppHandle, link: LinkState<'_>, quit: Quit) -> Result<(), LinkError> {
    match quit {
        Quit::Daemon => link.stop().await?,
        Quit::Window => {}
        Quit::Stay => return Ok(()),
    }
    app.exit(0);
    Ok(())
}
