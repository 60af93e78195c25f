//! The command line, parsed once.

use std::path::PathBuf;

use crate::step::Failure;

pub const HELP: &str = "\
cargo desk                 install what is missing, build, open the window (a demo world the first time)
    --data-dir DIR         default: $CARTWARDEN_DATA_DIR, else $XDG_DATA_HOME/cartwarden, else ~/.local/share/cartwarden
    --once                 on a display of its own: save a screenshot in target/desk/, then stop everything
cargo desk serve [ARGS]    the daemon alone; --data-dir DIR as above, all else goes to `cartwardend serve`
cargo desk test [--long]   every check CI makes; --long runs the long variants
cargo desk bench [ARGS]    release build and benchmarks of the daemon; ARGS go to the load generator
    --window               what the window costs instead: start, keys, events, memory (on a display of its own)
cargo desk help            this text
";

#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    Open { data_dir: Option<PathBuf>, once: bool },
    Serve { data_dir: Option<PathBuf>, arguments: Vec<String> },
    Test { long: bool },
    Bench { arguments: Vec<String> },
    BenchWindow,
    Help,
}

/// # Errors
/// An unknown command or flag, or a flag without its value.
pub fn parse(arguments: &[String]) -> Result<Task, Failure> {
    if arguments.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h")
        && !matches!(arguments.first().map(String::as_str), Some("serve" | "bench"))
    {
        return Ok(Task::Help);
    }
    match arguments.split_first() {
        Some((word, rest)) if word == "help" && rest.is_empty() => Ok(Task::Help),
        Some((word, rest)) if word == "serve" => {
            let (data_dir, arguments) = take_data_dir(rest)?;
            Ok(Task::Serve { data_dir, arguments })
        }
        Some((word, rest)) if word == "test" => {
            reject_others(rest, "--long")?;
            Ok(Task::Test { long: !rest.is_empty() })
        }
        Some((word, rest)) if word == "bench" && rest == ["--window"] => Ok(Task::BenchWindow),
        Some((word, rest)) if word == "bench" => Ok(Task::Bench { arguments: rest.to_vec() }),
        _ => {
            let (data_dir, rest) = take_data_dir(arguments)?;
            reject_others(&rest, "--once")?;
            Ok(Task::Open { data_dir, once: !rest.is_empty() })
        }
    }
}

fn reject_others(arguments: &[String], flag: &str) -> Result<(), Failure> {
    match arguments.iter().find(|word| *word != flag) {
        None => Ok(()),
        Some(word) => {
            Err(Failure::usage(format!("`{word}` is not known here; `cargo desk help` lists what is")))
        }
    }
}

/// Splits `--data-dir DIR` or `--data-dir=DIR` off; the last one counts.
fn take_data_dir(arguments: &[String]) -> Result<(Option<PathBuf>, Vec<String>), Failure> {
    let (mut data_dir, mut rest) = (None, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--data-dir") {
            Some("") => words.next().map(String::as_str),
            Some(tail) if tail.starts_with('=') => Some(&tail[1..]),
            _ => {
                rest.push(word.clone());
                continue;
            }
        };
        match value {
            Some(path) if !path.is_empty() => data_dir = Some(PathBuf::from(path)),
            _ => return Err(Failure::usage("--data-dir needs a directory".to_owned())),
        }
    }
    Ok((data_dir, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `None`: refused.
    fn check(line: &str, expected: Option<Task>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(parse(&words).ok(), expected, "cargo desk {line}");
    }

    #[test]
    fn every_command_line_means_one_task() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let open = |data_dir: Option<&str>, once| Task::Open { data_dir: data_dir.map(PathBuf::from), once };
        check("", Some(open(None, false)));
        check("--once", Some(open(None, true)));
        check("--data-dir /d --once", Some(open(Some("/d"), true)));
        check("--data-dir=/d", Some(open(Some("/d"), false)));
        check("help", Some(Task::Help));
        check("--help", Some(Task::Help));
        check("test --help", Some(Task::Help));
        check("test", Some(Task::Test { long: false }));
        check("test --long", Some(Task::Test { long: true }));
        check("serve", Some(Task::Serve { data_dir: None, arguments: vec![] }));
        let serve = Task::Serve { data_dir: Some("/d".into()), arguments: words("--listen 127.0.0.1:1") };
        check("serve --listen 127.0.0.1:1 --data-dir /d", Some(serve));
        check("serve --help", Some(Task::Serve { data_dir: None, arguments: words("--help") }));
        check("bench --window", Some(Task::BenchWindow));
        check("bench --rate 1000", Some(Task::Bench { arguments: words("--rate 1000") }));
    }

    #[test]
    fn near_misses_are_refused() {
        check("tests", None);
        check("test --lng", None);
        check("--data-dir", None);
        check("--data-dir=", None);
        check("--data-dirs /d", None);
        check("help me", None);
    }
}
