//! Programs we start beside our own work, and their end, also when we are killed.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::step::{Failure, output, say};

/// A program that was asked to stop gets this long before it is killed: the daemon's own promise is 10 s.
const STOP_MAX: Duration = Duration::from_secs(12);
/// For questions that cost next to nothing.
pub const OFTEN: Duration = Duration::from_millis(50);

/// How a program is asked to end in good order.
#[derive(Clone, Copy)]
pub enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }
}

/// Sends `signal`; a process that is gone already is what we wanted. The shell's `kill`, since a bare Debian has no other.
pub fn send(signal: Signal, pid: u32) {
    let script = format!("kill -{} {pid} 2>/dev/null", signal.name());
    let _ = Command::new("sh").args(["-c", &script]).status();
}

/// Cleans up after us when we cannot: Ctrl-C, a closed terminal and `kill -9` end this process at once.
///
/// A shell waits at the end of a pipe whose other end only we hold. When we say `done` it leaves; when the pipe
/// just closes it stops what we had started, the last first, and removes our temporary directories.
pub struct Janitor {
    shell: Child,
    pipe: Option<ChildStdin>,
}

const JANITOR: &str = r#"
trap '' INT TERM HUP
pids=
while read -r kind first rest; do
    case $kind in
        pid) pids="$first:$rest $pids" ;;
        dir) set -- "$@" "$first${rest:+ $rest}" ;;
        done) exit 0 ;;
    esac
done
alive() { [ -r "/proc/$1/status" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
for entry in $pids; do
    pid=${entry#*:}
    kill "-${entry%%:*}" "$pid" 2>/dev/null || continue
    tries=0
    while alive "$pid" && [ $tries -lt 120 ]; do sleep 0.1; tries=$((tries + 1)); done
    alive "$pid" && kill -KILL "$pid" 2>/dev/null
done
[ $# -eq 0 ] || rm -rf -- "$@"
"#;

impl Janitor {
    pub fn start() -> Result<Self, Failure> {
        let mut shell = Command::new("sh")
            .args(["-c", JANITOR, "desk-janitor"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(Failure::because("cannot start a shell"))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    pub fn stop_process(&mut self, signal: Signal, pid: u32) {
        self.tell(&format!("pid {} {pid}\n", signal.name()));
    }

    pub fn remove_dir(&mut self, dir: &Path) {
        self.tell(&format!("dir {}\n", dir.display()));
    }

    fn tell(&mut self, line: &str) {
        // A dead janitor only costs the tidiness of a killed run; the run itself goes on.
        if self.pipe.as_mut().is_some_and(|pipe| pipe.write_all(line.as_bytes()).is_err()) {
            say("the janitor is gone; if this run is killed, look for what it leaves behind");
            self.pipe = None;
        }
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        self.tell("done\n");
        self.pipe = None;
        let _ = self.shell.wait();
    }
}

/// A program running beside us; stopped when dropped.
pub struct Running {
    name: &'static str,
    signal: Signal,
    child: Child,
}

impl Running {
    /// Starts `command`, which stays in our process group, so that Ctrl-C reaches it, too.
    pub fn start(
        janitor: &mut Janitor,
        name: &'static str,
        signal: Signal,
        command: &mut Command,
    ) -> Result<Self, Failure> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(Failure::because(format_args!("cannot start {name}")))?;
        janitor.stop_process(signal, child.id());
        Ok(Self { name, signal, child })
    }

    /// Starts `command` and reads the first line it prints: a display's number, a bus's address.
    pub fn start_and_read(
        janitor: &mut Janitor,
        name: &'static str,
        command: &mut Command,
    ) -> Result<(Self, String), Failure> {
        let mut running = Self::start(janitor, name, Signal::Terminate, command.stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(stdout) = running.child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(Failure::because(format_args!("cannot read from {name}")))?;
        }
        match line.trim() {
            "" => Err(Failure::new(format!("{name} ended before it was ready"))),
            line => Ok((running, line.to_owned())),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, however long that takes.
    pub fn wait(&mut self) -> Result<std::process::ExitStatus, Failure> {
        self.child.wait().map_err(Failure::because(format_args!("cannot wait for {}", self.name)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        send(self.signal, self.child.id());
        if !wait_until(STOP_MAX, OFTEN, || self.ended().is_some()) {
            say(format_args!("{} does not stop; killing it", self.name));
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Asks again and again until `done` says yes; `false` if `at_most` passes first.
pub fn wait_until(at_most: Duration, every: Duration, mut done: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    loop {
        if done() {
            return true;
        }
        if started.elapsed() >= at_most {
            return false;
        }
        thread::sleep(every);
    }
}

/// The daemon that serves `data_dir`, whoever started it. The window starts it detached, so it is no child of ours.
pub fn find_daemon(data_dir: &Path) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let command_line = fs::read(entry.path().join("cmdline")).ok()?;
        serves(&command_line, data_dir).then_some(pid)
    })
}

/// Whether a command line, as /proc shows it, is that of a daemon on `data_dir`. A dead process shows none.
fn serves(command_line: &[u8], data_dir: &Path) -> bool {
    let text = String::from_utf8_lossy(command_line);
    let words: Vec<&str> = text.split('\0').collect();
    let program = words.first().and_then(|word| Path::new(word).file_name());
    program.is_some_and(|name| name == "cartwardend")
        && words.get(1) == Some(&"serve")
        && words.iter().enumerate().any(|(i, word)| {
            let value = match word.strip_prefix("--data-dir") {
                Some("") => words.get(i + 1).copied(),
                Some(tail) => tail.strip_prefix('='),
                None => None,
            };
            value.is_some_and(|dir| Path::new(dir) == data_dir)
        })
}

/// Asks a daemon that is not our child to stop, and waits for it.
pub fn stop_daemon(pid: u32, data_dir: &Path) {
    send(Signal::Terminate, pid);
    if !wait_until(STOP_MAX, OFTEN, || find_daemon(data_dir) != Some(pid)) {
        say(format_args!("the daemon (process {pid}) does not stop; `kill -9 {pid}` would end it"));
    }
}

/// The numeric user and group of `name`.
pub fn user(name: &str) -> Option<(u32, u32)> {
    let ask = |flag: &str| output(Command::new("id").args([flag, name]))?.parse().ok();
    Some((ask("-u")?, ask("-g")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_known_by_its_command_line() {
        let check = |words: &[&str], expected: bool| {
            assert_eq!(serves(words.join("\0").as_bytes(), Path::new("/d/x")), expected, "{words:?}");
        };
        check(&["/t/debug/cartwardend", "serve", "--data-dir", "/d/x"], true);
        check(&["cartwardend", "serve", "--listen", "127.0.0.1:0", "--data-dir=/d/x", ""], true);
        check(&["cartwardend", "serve", "--data-dir", "/d/xy"], false);
        check(&["cartwardend", "serve", "--data-dir"], false);
        check(&["cartwardend", "replay", "f", "--data-dir", "/d/x"], false);
        check(&["cartwarden", "serve", "--data-dir", "/d/x"], false);
        check(&[""], false);
    }

    #[test]
    fn waiting_ends_with_the_answer_or_the_time() {
        let mut asked = 0;
        let third_time = || {
            asked += 1;
            asked == 3
        };
        assert!(wait_until(Duration::from_secs(5), OFTEN, third_time));
        assert!(!wait_until(Duration::ZERO, OFTEN, || false));
    }
}
