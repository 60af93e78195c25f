//! A throw-away PostgreSQL cluster: the store's tests run on both engines. Nobody's own server is touched.

use std::{
    fs::{self, File, Permissions},
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    paths::TempDir,
    process::{Janitor, OFTEN, Running, Signal, user, wait_until},
    step::{Failure, on_path, output},
};

const START_MAX: Duration = Duration::from_secs(30);
/// Tests run side by side, each with its own database and pools.
const CONNECTIONS_MAX: &str = "max_connections=300";

pub struct Cluster {
    pub url: String,
    // Dropped in this order: the server ends before its directory goes.
    _server: Running,
    _dir: TempDir,
}

impl Cluster {
    pub fn start(janitor: &mut Janitor) -> Result<Self, Failure> {
        let programs = programs()?;
        let dir = TempDir::create("postgres")?;
        janitor.remove_dir(dir.path());
        let owner = owner()?;
        hand_over(dir.path(), owner)?;
        let data = dir.path().join("data");
        init(&programs, &data, dir.path(), owner)?;

        let port = free_port()?;
        let log_path = dir.path().join("log");
        let log = File::create(&log_path).map_err(Failure::because("cannot write PostgreSQL's log"))?;
        let mut server = as_owner(programs.join("postgres"), dir.path(), owner);
        server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port, "-k"]).arg(dir.path());
        // Nothing in it outlives the tests, so nothing has to reach the disk.
        for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off", CONNECTIONS_MAX] {
            server.args(["-c", setting]);
        }
        server.stdout(Stdio::null()).stderr(log);
        // An interrupt is PostgreSQL's fast shutdown: it does not wait for clients.
        let mut server = Running::start(janitor, "PostgreSQL", Signal::Interrupt, &mut server)?;

        let mut ended = false;
        let ready = wait_until(START_MAX, OFTEN, || {
            ended = server.ended().is_some();
            ended
                || output(Command::new(programs.join("pg_isready")).args(["-h", "127.0.0.1", "-p", &port]))
                    .is_some()
        });
        if ended || !ready {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            return Err(Failure::new(format!("PostgreSQL did not start; its log:\n{}", log.trim())));
        }
        Ok(Self { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), _server: server, _dir: dir })
    }
}

/// Where initdb lies: Debian keeps it off PATH, a directory a version; the newest counts.
fn programs() -> Result<PathBuf, Failure> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter(|entry| entry.path().join("bin/initdb").is_file())
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .max();
    match newest {
        Some((_, bin)) => Ok(bin),
        // An empty directory joined with a name is that name, which PATH finds.
        None if on_path("initdb") => Ok(PathBuf::new()),
        None => Err(Failure::new(
            "no PostgreSQL found: install it, or name a server that tests may use in CARTWARDEN_TEST_POSTGRES".to_owned(),
        )),
    }
}

/// PostgreSQL refuses to run as root; then somebody else must own the cluster.
fn owner() -> Result<Option<(u32, u32)>, Failure> {
    if output(Command::new("id").arg("-u")).is_none_or(|id| id != "0") {
        return Ok(None);
    }
    let other = user("postgres").or_else(|| user("nobody"));
    other.map(Some).ok_or_else(|| {
        Failure::new("PostgreSQL will not run as root, and there is no user postgres or nobody".to_owned())
    })
}

fn hand_over(dir: &Path, owner: Option<(u32, u32)>) -> Result<(), Failure> {
    let problem = || Failure::because(format!("cannot hand over {}", dir.display()));
    fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(problem())?;
    match owner {
        Some((uid, gid)) => chown(dir, Some(uid), Some(gid)).map_err(problem()),
        None => Ok(()),
    }
}

fn as_owner(program: PathBuf, dir: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    // Our own working directory may be closed to the owner.
    command.current_dir(dir).env("LC_ALL", "C.UTF-8");
    if let Some((uid, gid)) = owner {
        command.gid(gid).uid(uid);
    }
    command
}

fn init(programs: &Path, data: &Path, dir: &Path, owner: Option<(u32, u32)>) -> Result<(), Failure> {
    let mut command = as_owner(programs.join("initdb"), dir, owner);
    command.arg("-D").arg(data).args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
    let output = command.output().map_err(Failure::because("cannot start initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

/// A port that was free a moment ago; PostgreSQL cannot pick one itself.
fn free_port() -> Result<String, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    Ok(listener.map_err(Failure::because("no free port"))?.port().to_string())
}
