//! A display and a session bus of our own, for machines that have none, and pictures of it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    paths::TempDir,
    process::{Janitor, Running},
    step::Failure,
};

/// The size of the window in its configuration, so that it fills the picture.
const SCREEN: &str = "1280x800x24";

/// A picture of an empty screen or of a page without text packs into less than this many bytes.
const PAINTED_MIN_BYTES: u64 = 20_000;

pub struct Display {
    name: String,
    bus: String,
    runtime: TempDir,
    _server: Running,
    _bus: Running,
}

impl Display {
    pub fn start(janitor: &mut Janitor) -> Result<Self, Failure> {
        let runtime = TempDir::create("display")?;
        janitor.remove_dir(runtime.path());
        let mut server = Command::new("Xvfb");
        // -displayfd: the server picks a free number and prints it once it can be used.
        // -noreset: it keeps its picture while no program is connected.
        server
            .args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"])
            .stderr(Stdio::null());
        let (server, number) = Running::start_and_read(janitor, "Xvfb", &mut server)?;
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--print-address=1", "--nofork", "--nopidfile"]).stderr(Stdio::null());
        let (bus, address) = Running::start_and_read(janitor, "dbus-daemon", &mut bus)?;
        Ok(Self { name: format!(":{number}"), bus: address, runtime, _server: server, _bus: bus })
    }

    /// Lets `command` show itself here.
    pub fn lend(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.name)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("XDG_RUNTIME_DIR", self.runtime.path())
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY");
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Saves a picture of the whole screen as `file` (PNG); whether anything worth seeing is on it.
    pub fn picture(&self, file: &Path) -> Result<bool, Failure> {
        let mut import = Command::new("import");
        import.args(["-display", &self.name, "-window", "root"]).arg(file);
        let output = import.output().map_err(Failure::because("cannot start `import`"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!(
                "`import` could not take a picture of the display: {}",
                why.trim()
            )));
        }
        Ok(fs::metadata(file).is_ok_and(|meta| meta.len() >= PAINTED_MIN_BYTES))
    }
}
