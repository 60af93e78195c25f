//! Processes and their log on Linux: is it alive, stop it, keep its log bounded.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// The daemon's own name as the kernel shows it: a number in a stale file may be someone else's process by now.
const DAEMON_NAME: &str = "cartwardend";
/// A graceful stop may take 10 s by contract; then it is stuck.
const STOP_GRACE: Duration = Duration::from_secs(12);
const KILL_GRACE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);
/// Two such files are the most that is kept: enough for days, never enough to fill a disk.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// The last words of a daemon that could not start fit in this.
const LOG_TAIL_BYTES: u64 = 4 * 1024;
const LAST_WORDS_CHARS_MAX: usize = 300;

/// A living process, told apart from a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alive {
    pid: u32,
    started_ticks: u64,
}

impl Alive {
    /// The process `pid`, if it lives. A zombie is dead: nobody may ever reap it.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let started_ticks = parse_stat(&stat)?;
        Some(Self { pid, started_ticks })
    }

    pub fn still(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Returns when the process has ended.
    pub async fn ended(self, poll: Duration) {
        while self.still() {
            tokio::time::sleep(poll).await;
        }
    }
}

/// The start time in `/proc/PID/stat`, or nothing for a dead process.
///
/// The name in brackets may hold anything, so fields count from the last bracket.
fn parse_stat(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let state = *fields.first()?;
    // starttime is field 22 of the whole line, the 20th after the name.
    let started = fields.get(19)?.parse().ok()?;
    (!matches!(state, "Z" | "X" | "x")).then_some(started)
}

/// Asks the daemon `pid` to stop, kills it if it does not; returns once it is gone. Any other process is left alone.
///
/// # Errors
/// One sentence if it may not be signalled or outlives being killed.
pub async fn terminate(pid: u32) -> Result<(), String> {
    let (Some(process), Ok(name)) = (Alive::of(pid), fs::read_to_string(format!("/proc/{pid}/comm"))) else {
        return Ok(());
    };
    if name.trim() != DAEMON_NAME {
        tracing::warn!(pid, name = name.trim(), "not a daemon of ours, left alone");
        return Ok(());
    }
    for (signal, grace) in [(Signal::TERM, STOP_GRACE), (Signal::KILL, KILL_GRACE)] {
        send(pid, signal)?;
        if tokio::time::timeout(grace, process.ended(POLL)).await.is_ok() {
            return Ok(());
        }
        tracing::warn!(pid, ?signal, "the daemon does not stop");
    }
    Err(format!("The daemon (process {pid}) does not stop."))
}

fn send(pid: u32, signal: Signal) -> Result<(), String> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Err(format!("{pid} is no process number"));
    };
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(e) => Err(format!("The daemon cannot be stopped: {e}")),
    }
}

/// Opens the daemon's log for its stderr.
///
/// # Errors
/// If it cannot be opened.
pub fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Keeps the log bounded while the daemon holds it open: copied aside, then emptied in place.
///
/// # Errors
/// If a file cannot be read or written.
pub fn bound_log(path: &Path) -> io::Result<()> {
    bound_log_at(path, LOG_BYTES_MAX)
}

fn bound_log_at(path: &Path, bytes_max: u64) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.len() > bytes_max => {
            fs::copy(path, path.with_extension("log.1"))?;
            // The daemon appends, so its next line starts the emptied file.
            OpenOptions::new().write(true).open(path)?.set_len(0)
        }
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// The log's last line in words: why a daemon ended, as it said itself.
pub fn last_words(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let start = file.metadata().ok()?.len().saturating_sub(LOG_TAIL_BYTES);
    file.seek(SeekFrom::Start(start)).ok()?;
    let mut tail = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    tail.lines().rev().find_map(words_of)
}

/// The message in one log line, JSON or plain.
fn words_of(line: &str) -> Option<String> {
    let line = line.trim();
    let json: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let message = json.as_ref().and_then(|json| {
        let inside = json.pointer("/fields/message").or_else(|| json.pointer("/message"));
        inside.and_then(serde_json::Value::as_str)
    });
    let words = message.unwrap_or(line);
    (!words.is_empty()).then(|| words.chars().take(LAST_WORDS_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_tells_start_and_death() {
        let line = |state: &str| {
            format!("12 (odd) name) {state} 1 12 12 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 4 0 98765 1 2 3")
        };
        assert_eq!(parse_stat(&line("S")), Some(98_765));
        assert_eq!(parse_stat(&line("Z")), None);
        assert_eq!(parse_stat("12 (short) S 1"), None);
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn our_own_process_lives_and_no_other_name_is_ever_stopped() {
        let me = std::process::id();
        assert!(Alive::of(me).is_some_and(Alive::still));
        assert_eq!(Alive::of(u32::MAX), None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        assert_eq!(runtime.block_on(terminate(me)), Ok(()));
    }

    #[test]
    fn a_log_over_its_bound_is_moved_aside_in_place() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("daemon.log");
        bound_log_at(&path, 10).expect("no log yet is fine");
        let mut held = open_log(&path).expect("opened");
        io::Write::write_all(&mut held, b"0123456789").expect("written");
        bound_log_at(&path, 10).expect("bounded");
        assert_eq!(fs::read_to_string(&path).expect("read"), "0123456789");
        io::Write::write_all(&mut held, b"!").expect("written");
        bound_log_at(&path, 10).expect("bounded");
        io::Write::write_all(&mut held, b"next").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "next");
        let aside = fs::read_to_string(dir.path().join("daemon.log.1")).expect("read");
        assert_eq!(aside, "0123456789!");
    }

    #[test]
    fn the_last_words_are_read_from_json_or_plain_lines() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("daemon.log");
        assert_eq!(last_words(&path), None);
        fs::write(&path, "a\n{\"level\":\"ERROR\",\"fields\":{\"message\":\"held by 7\"}}\n\n")
            .expect("written");
        assert_eq!(last_words(&path).as_deref(), Some("held by 7"));
        fs::write(&path, "x".repeat(9_000)).expect("written");
        assert_eq!(last_words(&path).map(|words| words.len()), Some(LAST_WORDS_CHARS_MAX));
    }
}
