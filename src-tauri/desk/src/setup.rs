//! What the machine must have before anything is built, and the parts npm makes.

use std::{fs, path::Path, process::Command};

use crate::{
    freshness::{is_stale, modified, newest_below},
    paths::Paths,
    step::{self, Failure, on_path, output, say},
};

/// To compile and link the daemon.
pub const COMPILE: &[&str] = &["build-essential", "pkg-config"];
/// To compile and show the window. Without the app indicator library a tray icon panics.
pub const WINDOW: &[&str] =
    &["libwebkit2gtk-4.1-dev", "librsvg2-dev", "libayatana-appindicator3-dev", "fonts-dejavu-core"];
/// To show the window where there is no display. Not dbus-x11: GTK would start a bus that outlives the window.
pub const HEADLESS: &[&str] = &["xvfb", "xauth", "dbus-daemon"];
/// To take a picture of that display (`import`).
pub const SCREENSHOT: &[&str] = &["imagemagick"];
/// To drive the window, and to run the store's tests on the second engine.
pub const TEST: &[&str] = &["webkit2gtk-driver", "postgresql"];

/// The oldest Node the interface's tools run on.
const NODE_MAJOR_MIN: u32 = 20;

/// Installs what is missing of `groups`, saying so first.
///
/// # Errors
/// apt-get failed, or we are not root and there is no sudo.
pub fn debian_packages(groups: &[&[&str]]) -> Result<(), Failure> {
    let wanted: Vec<&str> = groups.iter().flat_map(|group| group.iter().copied()).collect();
    if !on_path("dpkg-query") || !on_path("apt-get") {
        say(format_args!(
            "this is not Debian, so please see to it that your system has what these Debian packages hold: {}",
            wanted.join(" ")
        ));
        return Ok(());
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !root && !on_path("sudo") {
        let list = missing.join(" ");
        return Err(Failure::new(format!("not root and no sudo, so please run: apt-get install {list}")));
    }
    say(format_args!(
        "installing {} Debian packages{}: {}",
        missing.len(),
        if root { "" } else { " (sudo may ask for your password)" },
        missing.join(" ")
    ));
    step::run("apt-get update", apt(root).args(["update", "-qq"]))?;
    step::run(
        "apt-get install",
        apt(root).args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing),
    )?;
    Ok(())
}

fn is_installed(package: &str) -> bool {
    output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_some_and(|status| status == "installed")
}

fn apt(root: bool) -> Command {
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.arg("env");
    }
    // Another apt (a desktop's updater) may hold the lock for a while: wait for it instead of failing.
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=120",
        "-o",
        "Dpkg::Use-Pty=0",
    ]);
    command
}

/// # Errors
/// Node or npm is missing or too old.
pub fn node() -> Result<(), Failure> {
    let advice = format!("please install Node {NODE_MAJOR_MIN} or newer with npm (https://nodejs.org)");
    let version = output(Command::new("node").arg("--version"))
        .ok_or_else(|| Failure::new(format!("`node` does not run: {advice}")))?;
    match node_major(&version) {
        Some(major) if major >= NODE_MAJOR_MIN => {}
        _ => return Err(Failure::new(format!("`node` is {version}: {advice}"))),
    }
    if !on_path("npm") {
        return Err(Failure::new(format!("`npm` is not on PATH: {advice}")));
    }
    Ok(())
}

fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// rustfmt and clippy, which rustup's minimal profile leaves out.
pub fn rust_components() -> Result<(), Failure> {
    let missing: Vec<&str> = [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")]
        .into_iter()
        .filter(|(program, _)| output(Command::new(program).arg("--version")).is_none())
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !on_path("rustup") {
        let list = missing.join(" and ");
        return Err(Failure::new(format!(
            "{list} not found, and no rustup to add them: please install them"
        )));
    }
    step::run("rustup component add", Command::new("rustup").args(["component", "add"]).args(missing))
        .map(drop)
}

/// `npm ci` in `folder`, only when its lock file is newer than what is installed.
pub fn npm_install(paths: &Paths, folder: &str) -> Result<(), Failure> {
    let dir = paths.root.join(folder);
    // npm writes this copy of the lock as its last act.
    let installed = modified(&dir.join("node_modules/.package-lock.json"));
    if !is_stale(installed, modified(&dir.join("package-lock.json"))) {
        return Ok(());
    }
    step::run(&format!("npm ci in {folder}"), &mut paths.npm(folder, &["ci", "--no-audit", "--no-fund"]))
        .map(drop)
}

/// Builds the interface into `ui/dist`, only when a source is newer than the last build.
///
/// The stamp is ours: `ui/dist/index.html` alone proves nothing, since the window's build script writes a
/// placeholder there on a fresh clone. An index newer than the stamp is such a stranger.
pub fn ui_build(paths: &Paths) -> Result<(), Failure> {
    let dir = paths.root.join("ui");
    let stamp_path = paths.desk_dir()?.join("ui-built");
    let stamp = modified(&stamp_path);
    let index = modified(&dir.join("dist/index.html"));
    let sources =
        newest_below(&dir, &["node_modules", "dist"]).map_err(Failure::because("cannot read ui/"))?;
    if index.is_some() && index <= stamp && !is_stale(stamp, sources) {
        return Ok(());
    }
    step::run("build the interface", &mut paths.npm("ui", &["run", "build"]))?;
    write_stamp(&stamp_path)
}

fn write_stamp(path: &Path) -> Result<(), Failure> {
    fs::write(path, "The interface in ui/dist was built when this file was written.\n")
        .map_err(Failure::because(format_args!("cannot write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_tells_its_major_version() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("v8.0.0"), Some(8));
        assert_eq!(node_major("20.1"), None, "node always says v");
        assert_eq!(node_major(""), None);
    }
}
