//! `cargo desk`: from a clone to the open window, with a demo world the first time.

use std::{
    env,
    fs::{self, File},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    display::Display,
    paths::{self, Paths},
    process::{Janitor, Running, Signal, find_daemon, stop_daemon, wait_until},
    setup,
    step::{self, Failure, say},
};

/// The demo's recorded traffic, written by `cartwardend demo`.
const LIVE_TRAFFIC: &str = "demo-live.ndjson";
/// How much faster than life it is played.
const REPLAY_SPEED: &str = "1";
/// A cold start in a debug build under load; more means that something is wrong.
const PAINT_MAX: Duration = Duration::from_secs(60);
/// A picture costs a tenth of a second of one processor, which the window needs to start.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After the first painting, so that the live traffic is in the picture, too.
const SETTLE: Duration = Duration::from_secs(5);

pub fn open(paths: &Paths, data_dir: Option<PathBuf>, once: bool) -> Result<(), Failure> {
    let data_dir = paths::data_dir(data_dir)?;
    let seen = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let own_display = once || !(seen("DISPLAY") || seen("WAYLAND_DISPLAY"));
    let mut packages = vec![setup::COMPILE, setup::WINDOW];
    if own_display {
        packages.extend([setup::HEADLESS, setup::SCREENSHOT]);
    }
    setup::debian_packages(&packages)?;
    setup::node()?;
    setup::npm_install(paths, "ui")?;
    setup::ui_build(paths)?;
    // One command and one feature set: package by package, shared dependencies would be compiled twice.
    step::run("build everything (minutes when cold)", paths.cargo().args(["build", "--workspace"]))?;
    ensure_world(paths, &data_dir)?;

    let mut janitor = Janitor::start()?;
    let adopted = find_daemon(&data_dir);
    if own_display {
        open_on_own_display(paths, &data_dir, &mut janitor, adopted, once)
    } else {
        open_on_this_display(paths, &data_dir, &mut janitor)
    }
}

/// Fills the data directory with the demo world if it holds no database.
///
/// A new directory is filled under another name first, so that an interrupted run leaves no half a world behind.
fn ensure_world(paths: &Paths, data_dir: &Path) -> Result<(), Failure> {
    if has_database(data_dir) {
        say(format_args!("data directory {}", data_dir.display()));
        return Ok(());
    }
    say(format_args!("no database in {} yet: filling it with a demo world", data_dir.display()));
    let fill = |dir: &Path| {
        step::run(
            "demo world",
            Command::new(paths.debug("cartwardend")).arg("demo").arg("--data-dir").arg(dir),
        )
        .map(drop)
    };
    if fs::read_dir(data_dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return fill(data_dir);
    }
    let mut unfinished = data_dir.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let problem = || Failure::because(format!("cannot prepare {}", data_dir.display()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(problem())?;
    }
    fs::create_dir_all(&unfinished).map_err(problem())?;
    fill(&unfinished)?;
    fs::rename(&unfinished, data_dir).map_err(problem())
}

fn has_database(data_dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(data_dir) else { return false };
    entries.flatten().any(|entry| is_database(&entry.path()))
}

fn is_database(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["db", "sqlite", "sqlite3"].iter().any(|known| ending == *known))
}

fn window(paths: &Paths, data_dir: &Path) -> Command {
    let mut command = Command::new(paths.debug("cartwarden"));
    command.arg("--data-dir").arg(data_dir);
    command
}

/// Plays the demo's live traffic into the daemon, as soon as that is up, if this is a demo world.
fn replay(paths: &Paths, data_dir: &Path, janitor: &mut Janitor) -> Result<Option<Running>, Failure> {
    let traffic = data_dir.join(LIVE_TRAFFIC);
    if !traffic.exists() {
        return Ok(None);
    }
    let log_path = paths.desk_dir()?.join("replay.log");
    let problem = || Failure::because(format!("cannot write {}", log_path.display()));
    let log = File::create(&log_path).map_err(problem())?;
    let mut command = Command::new(paths.debug("cartwardend"));
    command.arg("replay").arg(&traffic).args(["--speed", REPLAY_SPEED]).arg("--data-dir").arg(data_dir);
    command.stdout(log.try_clone().map_err(problem())?).stderr(log);
    say(format_args!("live demo traffic at {REPLAY_SPEED} times its speed (log: {})", log_path.display()));
    Running::start(janitor, "the replay", Signal::Terminate, &mut command).map(Some)
}

fn open_on_this_display(paths: &Paths, data_dir: &Path, janitor: &mut Janitor) -> Result<(), Failure> {
    say("opening the window; close it or press Ctrl-C to end");
    let mut window = Running::start(janitor, "the window", Signal::Terminate, &mut window(paths, data_dir))?;
    let replay = replay(paths, data_dir, janitor)?;
    let status = window.wait()?;
    drop(replay);
    if let Some(pid) = find_daemon(data_dir) {
        say(format_args!("the daemon goes on serving without its window; `kill {pid}` stops it"));
    }
    if status.success() { Ok(()) } else { Err(Failure::new(format!("the window ended with {status}"))) }
}

fn open_on_own_display(
    paths: &Paths,
    data_dir: &Path,
    janitor: &mut Janitor,
    adopted: Option<u32>,
    once: bool,
) -> Result<(), Failure> {
    let display = Display::start(janitor)?;
    say(format_args!("no display here: the window opens on one of its own, {}", display.name()));
    let picture = paths.desk_dir()?.join("screenshot.png");
    let mut command = window(paths, data_dir);
    display.lend(&mut command);
    let mut window = Running::start(janitor, "the window", Signal::Terminate, command.stdout(Stdio::null()))?;
    let replay = replay(paths, data_dir, janitor)?;
    let shown = show(&mut window, &display, &picture, replay.is_some(), data_dir);

    // Whoever finds no window here must not find a daemon left over either, unless it ran before us.
    let started = || find_daemon(data_dir).filter(|pid| Some(*pid) != adopted);
    if let Some(pid) = started() {
        janitor.stop_process(Signal::Terminate, pid);
    }
    if shown.is_ok() && !once {
        say("running until Ctrl-C");
        window.wait()?;
    }
    drop((replay, window));
    if let Some(pid) = started() {
        stop_daemon(pid, data_dir);
    }
    shown
}

/// Waits until the window has painted, takes its picture and says where everything is.
fn show(
    window: &mut Running,
    display: &Display,
    picture: &Path,
    live: bool,
    data_dir: &Path,
) -> Result<(), Failure> {
    let mut trouble = None;
    let painted = wait_until(PAINT_MAX, LOOK_EVERY, || {
        if let Some(status) = window.ended() {
            trouble = Some(Failure::new(format!(
                "the window (process {}) ended with {status} before it had painted",
                window.pid()
            )));
            return true;
        }
        match display.picture(picture) {
            Ok(painted) => painted && daemon_addresses(data_dir).is_some(),
            Err(failure) => {
                trouble = Some(failure);
                true
            }
        }
    });
    if let Some(failure) = trouble {
        return Err(failure);
    }
    if !painted {
        let (picture, seconds) = (picture.display(), PAINT_MAX.as_secs());
        return Err(Failure::new(format!(
            "the window showed nothing or had no daemon for {seconds} s; it looks like {picture}"
        )));
    }
    if live {
        thread::sleep(SETTLE);
    }
    display.picture(picture)?;
    say(format_args!("screenshot: {}", picture.display()));
    if let Some((partner, desk)) = daemon_addresses(data_dir) {
        say(format_args!("daemon: {partner} (partners), {desk} (people)"));
    }
    Ok(())
}

/// The daemon's two addresses as `daemon.json` names them, if somebody answers there: a killed daemon leaves the file.
fn daemon_addresses(data_dir: &Path) -> Option<(String, String)> {
    let text = fs::read_to_string(data_dir.join("daemon.json")).ok()?;
    let (partner, desk) = (json_string(&text, "partner_url")?, json_string(&text, "desk_url")?);
    let address = desk.strip_prefix("http://")?.trim_end_matches('/');
    TcpStream::connect(address).ok()?;
    Some((partner.to_owned(), desk.to_owned()))
}

/// The value of `"name": "value"` in `json`; good enough for addresses, which hold nothing escaped.
fn json_string<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, tail) = json.split_once(&format!("\"{name}\""))?;
    let (value, _) = tail.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_the_ready_line() {
        let line = r#"{"event":"ready","partner_url":"http://127.0.0.1:8686","desk_url": "http://127.0.0.1:4000","version":"0.1.0"}"#;
        assert_eq!(json_string(line, "partner_url"), Some("http://127.0.0.1:8686"));
        assert_eq!(json_string(line, "desk_url"), Some("http://127.0.0.1:4000"));
        assert_eq!(json_string(line, "url"), None);
        assert_eq!(json_string(r#"{"desk_url":null}"#, "desk_url"), None);
    }

    #[test]
    fn a_database_is_known_by_its_ending() {
        assert!(is_database(Path::new("/d/cartwarden.db")));
        assert!(is_database(Path::new("/d/x.sqlite3")));
        assert!(!is_database(Path::new("/d/x.db-wal")), "left over without its database");
        assert!(!is_database(Path::new("/d/db")));
    }
}
