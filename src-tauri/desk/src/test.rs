//! `cargo desk test`: everything CI runs, in one order, with the seconds of each step.

use std::{
    env,
    time::{Duration, Instant},
};

use crate::{
    paths::Paths,
    postgres::Cluster,
    process::Janitor,
    setup,
    step::{self, Failure, say},
};

/// The store's tests use this server for the second engine, if set; they make databases of their own there.
const POSTGRES: &str = "CARTWARDEN_TEST_POSTGRES";

/// One feature set for clippy, build and test: with another one cargo would compile shared dependencies again.
const EVERYTHING: &[&str] = &["--workspace", "--locked", "--features", "tests/window"];

pub fn test(paths: &Paths, long: bool) -> Result<(), Failure> {
    let mut janitor = Janitor::start()?;
    let mut times = Times::default();
    let result = all(paths, long, &mut janitor, &mut times);
    times.print();
    result
}

/// The cheap steps come first, so that a slip shows within seconds.
///
/// Clippy and build share build scripts and procedural macros only: one needs metadata of the dependencies, the
/// other code. So each is paid once whatever the order; clippy goes first because it fails earlier, and `build`
/// makes in one command all that `test` needs, so that `test` only runs.
fn all(paths: &Paths, long: bool, janitor: &mut Janitor, times: &mut Times) -> Result<(), Failure> {
    times.step("set-up", || {
        setup::debian_packages(&[setup::COMPILE, setup::WINDOW, setup::HEADLESS, setup::TEST])?;
        setup::rust_components()?;
        setup::node()?;
        setup::npm_install(paths, "ui")?;
        setup::npm_install(paths, "tests/card-code")
    })?;
    times.run("cargo fmt --check", paths.cargo().args(["fmt", "--all", "--check"]))?;
    times.run("ui: npm run check", &mut paths.npm("ui", &["run", "check"]))?;
    // CI=true: the runner must not stay and watch.
    times.run("ui: npm test", paths.npm("ui", &["test"]).env("CI", "true"))?;
    times.step("ui: build", || setup::ui_build(paths))?;
    times.run("card code: npm test", paths.npm("tests/card-code", &["test"]).env("CI", "true"))?;
    let lint = ["--all-targets", "--", "--deny", "warnings"];
    times.run("cargo clippy", paths.cargo().arg("clippy").args(EVERYTHING).args(lint))?;
    times.run("cargo build", paths.cargo().arg("build").args(EVERYTHING).arg("--all-targets"))?;

    let mut tests = paths.cargo();
    tests.arg("test").args(EVERYTHING).arg("--no-fail-fast").env("CARTWARDEN_PREBUILT", "1");
    if long {
        tests.env("CARTWARDEN_LONG", "1");
    }
    let own_server = env::var_os(POSTGRES).is_none_or(|url| url.is_empty());
    let cluster = if own_server { Some(times.step("PostgreSQL", || Cluster::start(janitor))?) } else { None };
    if let Some(cluster) = &cluster {
        tests.env(POSTGRES, &cluster.url);
    }
    times.run("cargo test", &mut tests)
}

/// What each step took.
#[derive(Default)]
struct Times(Vec<(&'static str, Duration, bool)>);

impl Times {
    fn step<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        let result = work();
        self.0.push((name, started.elapsed(), result.is_ok()));
        result
    }

    fn run(&mut self, name: &'static str, command: &mut std::process::Command) -> Result<(), Failure> {
        self.step(name, || step::run(name, command).map(drop))
    }

    fn print(&self) {
        say("seconds  step");
        for (name, time, ok) in &self.0 {
            say(format_args!("{:>7.1}  {name}{}", time.as_secs_f32(), if *ok { "" } else { "  FAILED" }));
        }
        let total: Duration = self.0.iter().map(|(_, time, _)| *time).sum();
        say(format_args!("{:>7.1}  all", total.as_secs_f32()));
    }
}
