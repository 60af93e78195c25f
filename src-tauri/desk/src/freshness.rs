//! What is older than what it was made from. Compares file times only; runs nothing.

use std::{fs, io, path::Path, time::SystemTime};

/// Whether something made at `made` must be made again from what changed at `source`.
///
/// Never made: yes. Same instant: yes, since a file system may keep whole seconds only.
pub fn is_stale(made: Option<SystemTime>, source: Option<SystemTime>) -> bool {
    match (made, source) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(made), Some(source)) => source >= made,
    }
}

/// When the file was last changed; `None` if it is not there.
pub fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// When anything below `dir` last changed, leaving out hidden entries and those called one of `except`.
///
/// Directories count, so a deleted file is seen, too; `dir` itself does not, since builds write beside sources.
pub fn newest_below(dir: &Path, except: &[&str]) -> io::Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || except.contains(&name.as_ref()) {
            continue;
        }
        let meta = entry.metadata()?;
        newest = newest.max(Some(meta.modified()?));
        if meta.is_dir() {
            newest = newest.max(newest_below(&entry.path(), except)?);
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::Duration};

    use super::*;

    #[test]
    fn stale_means_missing_or_not_newer_than_its_source() {
        let at = |secs| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
        assert!(is_stale(None, None), "never made");
        assert!(is_stale(None, at(1)), "never made");
        assert!(!is_stale(at(5), None), "nothing to make it from");
        assert!(!is_stale(at(5), at(4)), "made after its source");
        assert!(is_stale(at(5), at(5)), "the same instant proves nothing");
        assert!(is_stale(at(5), at(6)), "changed since");
    }

    #[test]
    fn the_newest_file_counts_unless_left_out() -> io::Result<()> {
        let dir = std::env::temp_dir().join(format!("desk-freshness-{}", std::process::id()));
        let touch = |path: &str, secs| -> io::Result<()> {
            let path = dir.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            File::create(&path)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs))
        };
        let at = |path: &str, secs| {
            File::open(dir.join(path))?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs))
        };
        touch("src/deep/a.ts", 20)?;
        touch("index.html", 10)?;
        touch("dist/index.html", 90)?;
        touch("node_modules/x.js", 91)?;
        touch(".hidden", 92)?;
        for folder in ["src/deep", "src"] {
            at(folder, 15)?;
        }
        let newest = |secs| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
        assert_eq!(newest_below(&dir, &["dist", "node_modules"])?, newest(20), "a file deep below");
        at("src", 30)?;
        assert_eq!(newest_below(&dir, &["dist", "node_modules"])?, newest(30), "a folder that lost a file");
        fs::remove_dir_all(&dir)
    }
}
