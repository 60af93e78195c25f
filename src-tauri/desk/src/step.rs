//! Saying what happens, running one step, and failing with one sentence.

use std::{
    fmt::Display,
    process::Command,
    time::{Duration, Instant},
};

/// Why `cargo desk` stops: one sentence a person can act on.
#[derive(Debug)]
pub struct Failure {
    pub sentence: String,
    pub exit_code: u8,
}

impl Failure {
    pub fn new(sentence: String) -> Self {
        Self { sentence, exit_code: 1 }
    }

    /// A command line that means nothing: exit code 2, as other tools do.
    pub fn usage(sentence: String) -> Self {
        Self { sentence, exit_code: 2 }
    }

    /// For `map_err`: `doing` says what was tried, as in "cannot read x".
    pub fn because<E: Display>(doing: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::new(format!("{doing}: {error}"))
    }
}

/// Progress goes to stderr: stdout belongs to what is run.
pub fn say(text: impl Display) {
    eprintln!("desk: {text}");
}

/// Runs `command` to its end with our terminal, so its own output is seen unchanged.
///
/// # Errors
/// It could not be started, or ended with anything but success; its exit code becomes ours.
pub fn run(what: &str, command: &mut Command) -> Result<Duration, Failure> {
    let started = Instant::now();
    say(format_args!("{what} ..."));
    let program = command.get_program().to_string_lossy().into_owned();
    let status =
        command.status().map_err(Failure::because(format_args!("{what}: cannot start `{program}`")))?;
    if !status.success() {
        let exit_code =
            status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1);
        return Err(Failure {
            sentence: format!("{what} failed: `{program}` ended with {status}"),
            exit_code,
        });
    }
    say(format_args!("{what}: done in {:.1} s", started.elapsed().as_secs_f32()));
    Ok(started.elapsed())
}

/// What `command` prints, trimmed, or `None` if it fails or is not there.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether `program` lies on PATH.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}
