//! A private desktop for one test. It shares nothing with another: display, bus, HOME, data directory.

use std::{
    env,
    fs::{self, OpenOptions},
    future::Future,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    elements::Element,
    error::CmdError,
    wd::Capabilities,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    notes::{Note, NoteService},
    processes::{DEADLINE, Proc, end_all, is_alive, until, with_home},
};

/// Two windows with their browsers fill two cores; more at once only make each other late.
static DESKTOPS: Semaphore = Semaphore::const_new(2);
/// A driver call that takes longer hangs.
const CALL_LIMIT: Duration = Duration::from_secs(20);

pub struct Desktop {
    pub notes: NoteService,
    pub data_dir: PathBuf,
    window: Option<(Client, Proc)>,
    bus_address: String,
    display: String,
    args: Vec<String>,
    _servers: [Proc; 2],
    home: TempDir,
    _permit: SemaphorePermit<'static>,
}

/// A program of the workspace, as built beside this test.
pub fn program(name: &str) -> PathBuf {
    let here = env::current_exe().expect("this test is a file");
    let built = here.ancestors().nth(2).expect("target/debug/deps/this").join(name);
    assert!(built.is_file(), "{} is not built: cargo build --workspace", built.display());
    built
}

impl Desktop {
    /// A desktop with the window open on an empty data directory.
    pub async fn start() -> Self {
        let mut desktop = Self::bare(&["--listen", "127.0.0.1:0"]).await;
        desktop.open_window().await;
        desktop
    }

    /// A desktop without a window yet, so that its data directory can be filled first.
    pub async fn bare(args: &[&str]) -> Self {
        let permit = DESKTOPS.acquire().await.expect("never closed");
        let home = tempfile::Builder::new().prefix("cartwarden-window-").tempdir().expect("a directory");
        let mut x_server = Command::new("Xvfb");
        x_server.args(["-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]);
        let (x_server, display) = Proc::start_saying(x_server.stderr(Stdio::null()));
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--print-address=1", "--nofork", "--nopidfile"]);
        let (bus, bus_address) = Proc::start_saying(bus.stderr(Stdio::null()));
        let notes = NoteService::start(&bus_address).await;

        let data_dir = home.path().join("data/cartwarden");
        let mut args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        args.extend(["--data-dir".to_owned(), data_dir.display().to_string()]);
        Self {
            notes,
            data_dir,
            window: None,
            bus_address,
            display: format!(":{display}"),
            args,
            _servers: [x_server, bus],
            home,
            _permit: permit,
        }
    }

    /// A driver for one window: it counts a window that closed itself as still open.
    async fn start_driver(&self) -> (Proc, String) {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let home = self.home.path();
        let log = OpenOptions::new().create(true).append(true).open(home.join("window.log"));
        let mut driver = Command::new("WebKitWebDriver");
        driver
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_RUNTIME_DIR", home)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("CARTWARDEN_DATA_DIR")
            .env_remove("CARTWARDEN_LISTEN")
            .stdout(Stdio::null())
            .stderr(log.expect("a log"));
        let driver = Proc::start(&mut driver);
        let (http, status) = (crate::feed::http(), format!("{url}/status"));
        until("WebKitWebDriver answers", async || http.get(&status).send().await.ok()).await;
        (driver, url)
    }

    /// Opens the window and waits for its page.
    pub async fn open_window(&mut self) {
        let (driver, url) = self.start_driver().await;
        let options = json!({ "binary": program("cartwarden"), "args": self.args });
        let capabilities = Capabilities::from_iter([("webkitgtk:browserOptions".to_owned(), options)]);
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let mut builder = ClientBuilder::new(connector);
        let session = builder.capabilities(capabilities);
        let session = tokio::time::timeout(DEADLINE, session.connect(&url)).await;
        let log = || fs::read_to_string(self.home.path().join("window.log")).unwrap_or_default();
        let session = session.unwrap_or_else(|_| panic!("the window does not open: {}", log()));
        let session = session.unwrap_or_else(|e| panic!("no window: {e}: {}", log()));
        self.window = Some((session, driver));
        let placeholder = self.script("return document.title + document.body.innerText").await;
        let built = !placeholder.to_string().contains("not built");
        assert!(built, "ui/dist is the placeholder: build ui, then the window");
    }

    /// Closes the window as its X does and waits until its process has ended.
    pub async fn close_window(&mut self) {
        let (window, driver) = self.window.take().expect("the window is open");
        let pids = with_home(self.home.path(), "cartwarden");
        assert_eq!(pids.len(), 1, "one window is one process");
        limited("close the window", window.close_window()).await;
        until("the window's process ends", async || (!is_alive(pids[0])).then_some(())).await;
        drop(driver);
    }

    pub fn page(&self) -> &Client {
        &self.window.as_ref().expect("the window is open").0
    }

    pub async fn script(&self, code: &str) -> Value {
        limited("run a script", self.page().execute(code, vec![])).await
    }

    /// The first element that matches, once there is one.
    pub async fn find(&self, css: &str) -> Element {
        until(css, async || self.all(css).await.into_iter().next()).await
    }

    pub async fn all(&self, css: &str) -> Vec<Element> {
        limited("find elements", self.page().find_all(Locator::Css(css))).await
    }

    /// Waits until nothing matches.
    pub async fn gone(&self, css: &str) {
        until(&format!("{css} is gone"), async || self.all(css).await.is_empty().then_some(())).await;
    }

    /// The text of the first match, once it meets the condition. An element replaced meanwhile is found anew.
    pub async fn text_when(&self, css: &str, wanted: impl Fn(&str) -> bool) -> String {
        let code = "const e = document.querySelector(arguments[0]); return e && e.innerText";
        until(&format!("the text of {css}"), async || {
            let call = self.page().execute(code, vec![json!(css)]);
            let text = limited("read a text", call).await;
            text.as_str().filter(|text| wanted(text)).map(str::to_owned)
        })
        .await
    }

    /// Clicks the first match; again if the page replaced or moved it under the pointer.
    pub async fn click(&self, css: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let element = self.find(css).await;
            let clicked = tokio::time::timeout(CALL_LIMIT, element.click()).await;
            match clicked.unwrap_or_else(|_| panic!("hangs: click {css}")) {
                Ok(()) => return,
                Err(e) => assert!(Instant::now() < end, "cannot click {css}: {e}"),
            }
        }
    }

    /// Types into the first match.
    pub async fn type_into(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        limited("type", element.send_keys(text)).await;
    }

    /// Presses keys one after the other, as a person at the keyboard.
    pub async fn press(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        limited("press keys", self.page().perform_actions(actions)).await;
    }

    /// Presses `value` while Ctrl is held.
    pub async fn press_ctrl(&self, value: char) {
        const CONTROL: char = '\u{e009}';
        let actions = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: CONTROL })
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value })
            .then(KeyAction::Up { value: CONTROL });
        limited("press keys", self.page().perform_actions(actions)).await;
    }

    /// The first notification that meets the condition.
    pub async fn note(&self, wanted: impl Fn(&Note) -> bool) -> Note {
        let notes = &self.notes.notes;
        until("a notification", async || notes.all().into_iter().find(|note| wanted(note))).await
    }

    pub async fn resize(&self, width: u32, height: u32) {
        limited("resize", self.page().set_window_rect(0, 0, width, height)).await;
        let code = "return innerWidth + ' ' + innerHeight";
        let wanted = json!(format!("{width} {height}"));
        until("the page has the new size", async || (self.script(code).await == wanted).then_some(())).await;
    }

    /// Saves what the window shows. A driver sees the last composited frame, so two frames pass first.
    pub async fn screenshot(&self, path: &Path) {
        let frames = "const f = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => f()))";
        limited("wait for frames", self.page().execute_async(frames, vec![])).await;
        let png = limited("take a screenshot", self.page().screenshot()).await;
        fs::write(path, png).expect("the screenshot is saved");
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for log in [self.home.path().join("window.log"), self.data_dir.join("daemon.log")] {
                let text = fs::read_to_string(&log).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(30).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                eprintln!("--- {}\n{}", log.display(), tail.join("\n"));
            }
        }
        // The daemon outlives its window by design, and the driver does not take the window with it.
        end_all(self.home.path());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// No driver call may hang a test.
async fn limited<T>(what: &str, call: impl Future<Output = Result<T, CmdError>>) -> T {
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(answer) => answer.unwrap_or_else(|e| panic!("cannot {what}: {e}")),
        Err(_) => panic!("hangs: {what}"),
    }
}
