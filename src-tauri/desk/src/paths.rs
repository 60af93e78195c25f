//! Where things lie: the clone, what cargo built, and the data directory.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::step::Failure;

pub struct Paths {
    /// The top of the clone.
    pub root: PathBuf,
    target: PathBuf,
}

impl Paths {
    pub fn find() -> Self {
        // Cargo sets it when it runs us; the one of the build serves a binary started by hand.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let manifest = PathBuf::from(manifest);
        let root = manifest.ancestors().nth(2).unwrap_or(&manifest).to_owned();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    pub fn debug(&self, binary: &str) -> PathBuf {
        self.target.join("debug").join(binary)
    }

    pub fn release(&self, binary: &str) -> PathBuf {
        self.target.join("release").join(binary)
    }

    /// `target/desk`: screenshots, logs and stamps of ours.
    pub fn desk_dir(&self) -> Result<PathBuf, Failure> {
        let dir = self.target.join("desk");
        fs::create_dir_all(&dir)
            .map_err(Failure::because(format_args!("cannot create {}", dir.display())))?;
        Ok(dir)
    }

    /// The cargo that runs us, in the clone, without what it told us about our own package: build scripts and
    /// tests must not see that.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let ours = name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
            if ours {
                command.env_remove(name);
            }
        }
        command
    }

    pub fn npm(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(self.root.join(folder));
        command
    }
}

/// The data directory, absolute: `asked`, `$CARTWARDEN_DATA_DIR`, or the desktop's place for data.
pub fn data_dir(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let dir = choose_data_dir(asked, set("CARTWARDEN_DATA_DIR"), set("XDG_DATA_HOME"), set("HOME"))
        .ok_or_else(|| {
            Failure::new("HOME is not set, so say where the data goes: --data-dir DIR".to_owned())
        })?;
    std::path::absolute(&dir).map_err(Failure::because(format_args!("cannot resolve {}", dir.display())))
}

fn choose_data_dir(
    asked: Option<PathBuf>,
    own: Option<PathBuf>,
    xdg: Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    asked
        .or(own)
        .or_else(|| xdg.map(|dir| dir.join("cartwarden")))
        .or_else(|| home.map(|dir| dir.join(".local/share/cartwarden")))
}

/// A directory below the system's temporary one, gone when dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn create(purpose: &str) -> Result<Self, Failure> {
        let dir = env::temp_dir().join(format!("cartwarden-{purpose}-{}", std::process::id()));
        fs::create_dir(&dir).map_err(Failure::because(format_args!("cannot create {}", dir.display())))?;
        Ok(Self(dir))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Nothing more can be done about a directory that will not go; the system clears /tmp.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_that_is_known_holds_the_data() {
        let some = |path: &str| Some(PathBuf::from(path));
        let check = |asked, own, xdg, home, expected: Option<&str>| {
            assert_eq!(choose_data_dir(asked, own, xdg, home), expected.map(PathBuf::from));
        };
        check(some("/a"), some("/o"), some("/x"), some("/h"), Some("/a"));
        check(None, some("/o"), some("/x"), some("/h"), Some("/o"));
        check(None, None, some("/x"), some("/h"), Some("/x/cartwarden"));
        check(None, None, None, some("/h"), Some("/h/.local/share/cartwarden"));
        check(None, None, None, None, None);
    }
}
