//! Files the person asked for: a save dialog, and the data directory shown in the file manager.

use std::path::{Path, PathBuf};

use tauri::{AppHandle, Runtime};
use tauri_plugin_dialog::DialogExt;
use tokio::{process::Command, sync::oneshot};

use crate::daemon_link::LinkError;

const NAME_CHARS_MAX: usize = 120;

/// Asks where to save `content`, suggesting `name`: the path, or nothing if the person cancelled.
///
/// # Errors
/// `not_saved` with the reason; whatever was there before is left as it was.
pub async fn save<R: Runtime>(
    app: &AppHandle<R>,
    name: &str,
    content: String,
) -> Result<Option<String>, LinkError> {
    let (answer, answered) = oneshot::channel();
    app.dialog().file().set_file_name(plain_name(name)).save_file(move |path| {
        // The page may have gone meanwhile; then nobody wants the answer.
        let _ = answer.send(path);
    });
    let Ok(Some(chosen)) = answered.await else {
        return Ok(None);
    };
    let not_saved = |e: String| LinkError::new("not_saved", format!("Not saved: {e}"));
    let path = chosen.into_path().map_err(|e| not_saved(e.to_string()))?;
    let target = path.clone();
    tauri::async_runtime::spawn_blocking(move || write_whole(&target, &content))
        .await
        .map_err(|e| not_saved(e.to_string()))?
        .map_err(|e| not_saved(e.to_string()))?;
    Ok(Some(path.to_string_lossy().into_owned()))
}

/// Writes beside the target first, so that a full disk never leaves half a file in its place.
fn write_whole(path: &Path, content: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let written = std::fs::write(&beside, content).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to tell; a left-over part is all that this could add.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// A suggested name is one file's name, never a path.
fn plain_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_control() || matches!(c, '/' | '\\') { '-' } else { c })
        .take(NAME_CHARS_MAX)
        .collect();
    let plain = plain.trim().trim_start_matches('.');
    if plain.is_empty() { "cartwarden.txt".to_owned() } else { plain.to_owned() }
}

/// Shows `dir` in the desktop's file manager.
///
/// # Errors
/// `not_opened` if the desktop has none.
pub async fn open_directory(dir: &Path) -> Result<(), LinkError> {
    let not_opened = |why: String| {
        let message = format!("{} cannot be opened: {why}", dir.display());
        LinkError::new("not_opened", message)
    };
    let status =
        Command::new("xdg-open").arg(dir).status().await.map_err(|e| not_opened(format!("xdg-open: {e}")))?;
    if status.success() { Ok(()) } else { Err(not_opened(status.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_name_is_never_a_path() {
        assert_eq!(plain_name("decisions 2026-01-05.csv"), "decisions 2026-01-05.csv");
        assert_eq!(plain_name("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(plain_name(" .. "), "cartwarden.txt");
        assert_eq!(plain_name(&"a".repeat(500)).len(), NAME_CHARS_MAX);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_part() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.csv");
        write_whole(&path, "one").expect("written");
        write_whole(&path, "two").expect("replaced");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "two");
        let blocked = dir.path().join("directory");
        std::fs::create_dir(&blocked).expect("made");
        assert!(write_whole(&blocked, "x").is_err());
        assert!(!dir.path().join("directory.part").exists());
    }
}
