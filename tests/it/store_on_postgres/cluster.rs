//! A PostgreSQL server for tests: somebody's, by its address, or a throw-away one.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A server for this test: somebody's, by its address, or a throw-away one of our own.
pub struct Cluster {
    url: String,
    own: Option<(Child, TempDir)>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((server, _)) = &mut self.own {
            // PostgreSQL's fast shutdown.
            let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }
}

/// Debian keeps the server's programs off PATH, a directory a version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let dirs = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").is_file());
    dirs.max()
}

/// PostgreSQL refuses to run as root; then the user postgres owns the cluster.
fn owner() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let said = Command::new("id").args(args).output().ok()?;
        String::from_utf8(said.stdout).ok()?.trim().parse::<u32>().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?))
}

fn as_owner(program: PathBuf, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).stdout(Stdio::null());
    if let Some((uid, gid)) = owner() {
        command.uid(uid).gid(gid);
    }
    command
}

impl Cluster {
    pub fn start() -> Option<Self> {
        if let Ok(url) = std::env::var("CARTWARDEN_TEST_POSTGRES") {
            return Some(Cluster { url, own: None });
        }
        let Some(programs) = programs() else {
            println!("skipped: PostgreSQL is not installed and CARTWARDEN_TEST_POSTGRES is not set");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((uid, gid)) = owner() {
            chown(dir.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = dir.path().join("data");
        let mut init = as_owner(programs.join("initdb"), dir.path());
        init.arg("-D").arg(&data).args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
        assert!(init.status().unwrap().success(), "initdb failed");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let mut server = as_owner(programs.join("postgres"), dir.path());
        server
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port, "-c", "fsync=off", "-k"])
            .arg(dir.path());
        let mut server = server.stderr(log).spawn().unwrap();
        let ready = || {
            let mut asked = Command::new(programs.join("pg_isready"));
            asked.args(["-t", "10", "-h", "127.0.0.1", "-p", &port]).stdout(Stdio::null());
            asked.status().unwrap().success()
        };
        while !ready() {
            let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
            assert!(server.try_wait().unwrap().is_none(), "PostgreSQL did not start: {log}");
        }
        Some(Cluster {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            own: Some((server, dir)),
        })
    }

    fn sql(&self, statement: &str) {
        let asked = Command::new("psql").args([&self.url, "-qXc", statement]).output().unwrap();
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    }

    /// The address of a new, empty database.
    pub fn database(&self, name: &str) -> String {
        let name = format!("cartwarden_{name}_{}", std::process::id());
        self.sql(&format!("drop database if exists {name}"));
        self.sql(&format!("create database {name}"));
        let (server, _) = self.url.rsplit_once('/').unwrap();
        format!("{server}/{name}")
    }
}
