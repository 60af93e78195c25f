//! What the command line and the environment ask for. Reads nothing else.

use std::path::PathBuf;

/// The webhook address when nobody chose another; the card code's examples use it too.
const LISTEN_DEFAULT: &str = "127.0.0.1:8686";

pub const USAGE: &str = "usage: cartwarden [--data-dir DIR] [--listen ADDRESS] [--test-clock TIME]";

/// Where the data is and how a daemon of this window is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub data_dir: PathBuf,
    /// The partner listener's address, passed on to the daemon.
    pub listen: String,
    /// Freezes the daemon's clock there; passed on as it is.
    pub test_clock: Option<String>,
}

/// Options from `args` (without the program's name), then the environment, then defaults.
///
/// # Errors
/// One sentence for stderr if an argument is unknown or lacks its value, or no data directory can be found.
pub fn parse(
    args: impl IntoIterator<Item = String>,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Options, String> {
    let (mut data_dir, mut listen, mut test_clock) = (None, None, None);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let (name, inline) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg, None),
        };
        let target = match name.as_str() {
            "--data-dir" => &mut data_dir,
            "--listen" => &mut listen,
            "--test-clock" => &mut test_clock,
            _ => return Err(format!("unknown argument {name:?}; {USAGE}")),
        };
        let value = inline.or_else(|| args.next()).filter(|value| !value.is_empty());
        *target = Some(value.ok_or_else(|| format!("{name} needs a value; {USAGE}"))?);
    }

    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let data_dir = data_dir
        .or_else(|| set("CARTWARDEN_DATA_DIR"))
        .map(PathBuf::from)
        .or_else(|| set("XDG_DATA_HOME").map(|dir| PathBuf::from(dir).join("cartwarden")))
        .or_else(|| set("HOME").map(|dir| PathBuf::from(dir).join(".local/share/cartwarden")))
        .ok_or_else(|| format!("no data directory: set HOME or pass --data-dir; {USAGE}"))?;
    let listen = listen.or_else(|| set("CARTWARDEN_LISTEN")).unwrap_or_else(|| LISTEN_DEFAULT.to_owned());
    Ok(Options { data_dir, listen, test_clock })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &[&str], env: &[(&str, &str)]) -> Result<Options, String> {
        parse(args.iter().map(|arg| (*arg).to_owned()), |name| {
            env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn arguments_win_over_the_environment_which_wins_over_defaults() {
        let env =
            [("HOME", "/home/tl"), ("CARTWARDEN_DATA_DIR", "/srv/cw"), ("CARTWARDEN_LISTEN", "0.0.0.0:1")];
        let options = of(&["--data-dir", "/tmp/a", "--listen=127.0.0.1:0"], &env).expect("options");
        assert_eq!(options.data_dir, PathBuf::from("/tmp/a"));
        assert_eq!(options.listen, "127.0.0.1:0");
        let options = of(&[], &env).expect("options");
        assert_eq!(options.data_dir, PathBuf::from("/srv/cw"));
        assert_eq!(options.listen, "0.0.0.0:1");
        let options = of(&[], &env[..1]).expect("options");
        assert_eq!(options.data_dir, PathBuf::from("/home/tl/.local/share/cartwarden"));
        assert_eq!(options.listen, LISTEN_DEFAULT);
        assert_eq!(options.test_clock, None);
        let options = of(&[], &[("HOME", "/home/tl"), ("XDG_DATA_HOME", "/data")]).expect("options");
        assert_eq!(options.data_dir, PathBuf::from("/data/cartwarden"));
    }

    #[test]
    fn a_wrong_command_line_is_refused_with_a_sentence() {
        for args in [&["--port", "1"][..], &["--listen"], &["--data-dir="], &["extra"]] {
            let error = of(args, &[("HOME", "/home/tl")]).expect_err("must be refused");
            assert!(error.contains("usage:"), "{error}");
        }
        assert!(of(&[], &[]).is_err());
    }
}
