//! `cargo desk`: the one command of a developer and of CI. It installs what is missing, builds, opens the window,
//! runs the tests and the benchmarks. It knows commands and directories, and nothing of fraud, cards or SQL.
//!
//! Standard library only: it is compiled before anything else is installed.

mod args;
mod display;
mod freshness;
mod open;
mod paths;
mod postgres;
mod process;
mod setup;
mod step;
mod test;

use std::{env, os::unix::process::CommandExt, process::ExitCode, time::Instant};

use args::Task;
use paths::Paths;
use step::{Failure, say};

fn main() -> ExitCode {
    let started = Instant::now();
    let arguments: Vec<String> = env::args().skip(1).collect();
    match args::parse(&arguments).and_then(|task| perform(task, &Paths::find())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(format_args!("{} (after {:.1} s)", failure.sentence, started.elapsed().as_secs_f32()));
            ExitCode::from(failure.exit_code)
        }
    }
}

fn perform(task: Task, paths: &Paths) -> Result<(), Failure> {
    match task {
        Task::Help => {
            print!("{}", args::HELP);
            Ok(())
        }
        Task::Open { data_dir, once } => open::open(paths, data_dir, once),
        Task::Serve { data_dir, arguments } => serve(paths, data_dir, &arguments),
        Task::Test { long } => test::test(paths, long),
        Task::Bench { arguments } => bench(paths, &arguments),
        Task::BenchWindow => bench_window(paths),
    }
}

/// The daemon alone: needs no WebKit, so it builds on a server, too.
fn serve(paths: &Paths, data_dir: Option<std::path::PathBuf>, arguments: &[String]) -> Result<(), Failure> {
    let data_dir = paths::data_dir(data_dir)?;
    setup::debian_packages(&[setup::COMPILE])?;
    step::run("build the daemon", paths.cargo().args(["build", "--package", "cartwardend"]))?;
    say(format_args!("data directory {}", data_dir.display()));
    // exec: signals go straight to the daemon, and its exit code is ours.
    let error = std::process::Command::new(paths.debug("cartwardend"))
        .arg("serve")
        .arg("--data-dir")
        .arg(&data_dir)
        .args(arguments)
        .exec();
    Err(Failure::new(format!("the daemon could not be started: {error}")))
}

/// Both binaries in one command: two commands would compile the shared dependencies with two feature sets.
fn bench(paths: &Paths, arguments: &[String]) -> Result<(), Failure> {
    setup::debian_packages(&[setup::COMPILE])?;
    let packages =
        ["--package", "cartwardend", "--package", "tests", "--bin", "cartwardend", "--bin", "load"];
    step::run(
        "release build (minutes when cold)",
        paths.cargo().args(["build", "--release", "--locked"]).args(packages),
    )?;
    let error =
        std::process::Command::new(paths.release("load")).args(arguments).current_dir(&paths.root).exec();
    Err(Failure::new(format!("the load generator could not be started: {error}")))
}

/// What the window costs, measured by driving the real one.
fn bench_window(paths: &Paths) -> Result<(), Failure> {
    setup::debian_packages(&[setup::COMPILE, setup::WINDOW, setup::HEADLESS, setup::TEST])?;
    setup::node()?;
    setup::npm_install(paths, "ui")?;
    setup::ui_build(paths)?;
    let everything = ["--workspace", "--locked", "--features", "tests/window", "--all-targets"];
    step::run("build (minutes when cold)", paths.cargo().arg("build").args(everything))?;
    let mut measure = paths.cargo();
    measure.args(["test", "--workspace", "--locked", "--features", "tests/window", "--test", "window"]);
    measure.args(["--", "measure::", "--nocapture"]).env("CARTWARDEN_MEASURE", "1");
    step::run("measure the window", &mut measure).map(drop)
}
