//! Processes of one test, found by the HOME that only they have, and told alive by `/proc`.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What is not ready after this long on a busy machine is broken.
pub const DEADLINE: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(50);

/// A process that ends with the test.
pub struct Proc(Child);

impl Proc {
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|e| panic!("{command:?}: {e}; `cargo desk test` installs what is missing")))
    }

    /// Starts a command and reads the first line it prints.
    pub fn start_saying(command: &mut Command) -> (Self, String) {
        let mut started = Self::start(command.stdout(Stdio::piped()));
        let stdout = started.0.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a first line");
        assert!(!line.trim().is_empty(), "{command:?} ended without a word");
        (started, line.trim().to_owned())
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether any thread of `pid` runs. A zombie is dead: process 1 may reap it late. The first thread alone says
/// too little: until the last has ended, the process holds its files, locks and bus names.
pub fn is_alive(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    threads.into_iter().flatten().flatten().any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
        state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
    })
}

pub fn kill_9(pid: u32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
    status.expect("kill is a program of every Linux");
}

/// The processes named `name` (any, if empty) that were started with this private HOME and are not ending.
pub fn with_home(home: &Path, name: &str) -> Vec<u32> {
    let wanted = [b"HOME=", home.as_os_str().as_encoded_bytes()].concat();
    let pids = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_ours = |pid: &u32| {
        let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let named = name.is_empty() || OsStr::new(comm.trim()) == name;
        named && environ.split(|byte| *byte == 0).any(|line| line == wanted)
    };
    pids.filter(is_ours).collect()
}

/// Ends everything of this private HOME: also what outlives the window by design.
pub fn end_all(home: &Path) {
    let end = Instant::now() + DEADLINE;
    loop {
        let left = with_home(home, "");
        if left.is_empty() || Instant::now() > end {
            return;
        }
        left.into_iter().for_each(kill_9);
        std::thread::sleep(POLL);
    }
}

/// Waits until `look` finds something; fails with `what` at the deadline.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "did not happen in {} s: {what}", DEADLINE.as_secs());
        tokio::time::sleep(POLL).await;
    }
}
