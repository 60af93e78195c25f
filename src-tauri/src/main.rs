//! Cartwarden's window, the native half. It owns the window, the daemon's life and the native notifications.
//!
//! It knows the daemon's HTTP API and nothing of SQL, rules or screens.

mod clock;
mod commands;
mod daemon_link;
mod files;
mod notify;
mod options;

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    io::IsTerminal,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use gtk::{gdk, glib::Propagation, prelude::WidgetExt};
use serde::Serialize;
use tauri::{AppHandle, Emitter, Manager, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;
use tracing_subscriber::EnvFilter;

use daemon_link::Link;
use options::Options;

const WINDOW: &str = "main";

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();

    let mut options = match options::parse(env::args().skip(1), |name| env::var(name).ok()) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("cartwarden: {message}");
            return ExitCode::from(2);
        }
    };
    if let Ok(absolute) = std::path::absolute(&options.data_dir) {
        options.data_dir = absolute;
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("cartwarden: the window cannot be opened: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let single_instance = tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_name(&options.data_dir))
        .callback(|app, _arguments, _directory| bring_forward(app))
        .build();
    // The window is always shown, whatever it was when it was last closed.
    let window_state = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::all() - StateFlags::VISIBLE)
        .build();
    let link = Link::new(options)?;
    tauri::Builder::default()
        .plugin(single_instance)
        .plugin(window_state)
        .plugin(tauri_plugin_dialog::init())
        .manage(Arc::clone(&link))
        .invoke_handler(tauri::generate_handler![
            commands::call_daemon,
            commands::daemon_status,
            commands::restart_daemon,
            commands::save_file,
            commands::open_data_directory,
            commands::quit_answer,
        ])
        .setup(move |app| {
            open_window(app)?;
            spawn_tasks(app.handle(), &link);
            Ok(())
        })
        .run(tauri::generate_context!())?;
    Ok(())
}

/// One window per data directory: a second one comes forward instead of opening.
fn bus_name(data_dir: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    data_dir.hash(&mut hasher);
    format!("app.cartwarden.desk.d{:016x}", hasher.finish())
}

fn open_window(app: &tauri::App) -> tauri::Result<()> {
    let Some(config) = app.config().app.windows.iter().find(|window| window.label == WINDOW) else {
        return Err(tauri::Error::WindowNotFound);
    };
    let window = WebviewWindowBuilder::from_config(app, config)?
        // The page is the only one this window ever shows.
        .on_navigation(|url| url.scheme() == "tauri" || url.as_str() == "about:blank")
        .build()?;
    hear_quit_key(&window)
}

/// Ctrl+Q asks the page what shall end. A menu with that key would be a bar that nobody else needs.
fn hear_quit_key(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.gtk_window()?.connect_key_press_event(move |_, press| {
        let ctrl = press.state().contains(gdk::ModifierType::CONTROL_MASK);
        if ctrl && matches!(press.keyval(), gdk::keys::constants::q | gdk::keys::constants::Q) {
            tell(&app, "quit-asked", ());
            return Propagation::Stop;
        }
        Propagation::Proceed
    });
    Ok(())
}

/// The supervisor, the event stream and the notifications run beside the page and only emit to it.
fn spawn_tasks(app: &AppHandle, link: &Arc<Link>) {
    tauri::async_runtime::spawn(daemon_link::supervise(Arc::clone(link)));

    let (mut changes, status_app) = (link.status_changes(), app.clone());
    tauri::async_runtime::spawn(async move {
        while changes.changed().await.is_ok() {
            let status = changes.borrow_and_update().clone();
            tell(&status_app, "daemon-status", status);
        }
    });

    let event_app = app.clone();
    let relay = move |changed| tell(&event_app, "daemon-changed", changed);
    tauri::async_runtime::spawn(daemon_link::follow_events(Arc::clone(link), relay));

    let click_app = app.clone();
    let open: notify::OpenAlert = Arc::new(move |id: &str| {
        tell(&click_app, "open-alert", serde_json::json!({ "id": id }));
        bring_forward(&click_app);
    });
    tauri::async_runtime::spawn(notify::run(Arc::clone(link), open));
}

fn bring_forward(app: &AppHandle) {
    let Some(window) = app.get_webview_window(WINDOW) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be brought forward");
    }
}

fn tell<T: Serialize + Clone>(app: &AppHandle, event: &str, payload: T) {
    if let Err(error) = app.emit(event, payload) {
        tracing::warn!(%error, event, "an event did not reach the page");
    }
}
