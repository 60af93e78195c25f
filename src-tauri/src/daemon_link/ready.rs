//! What a daemon says of itself: the ready line on its stdout, the same in `daemon.json`, and its token.

use std::{fs, path::Path};

use serde::Deserialize;

/// A ready line is one short object; more is not one.
const READY_BYTES_MAX: u64 = 64 * 1024;
const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// The part of the ready object that the window needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ready {
    pub desk_url: String,
    pub pid: Option<u32>,
}

/// Reads one ready object.
///
/// # Errors
/// One sentence if it is not one, or if it points anywhere but to this machine: the token must not leave it.
pub fn parse(text: &str) -> Result<Ready, String> {
    #[derive(Deserialize)]
    struct Wire {
        event: String,
        #[serde(flatten)]
        ready: Ready,
    }
    let wire: Wire = serde_json::from_str(text.trim())
        .map_err(|e| format!("the daemon's ready line cannot be read: {e}"))?;
    if wire.event != "ready" {
        return Err(format!("the daemon said {:?} instead of \"ready\"", wire.event));
    }
    let url = reqwest::Url::parse(&wire.ready.desk_url)
        .map_err(|e| format!("the daemon's desk address cannot be read: {e}"))?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "http" || !loopback {
        return Err("the daemon's desk address is not on this machine".to_owned());
    }
    let desk_url = wire.ready.desk_url.trim_end_matches('/').to_owned();
    Ok(Ready { desk_url, ..wire.ready })
}

/// What `daemon.json` says, if it is there and readable.
pub fn read(data_dir: &Path) -> Option<Ready> {
    let text = read_small(&data_dir.join("daemon.json"), READY_BYTES_MAX).ok()?;
    parse(&text).inspect_err(|reason| tracing::warn!(reason, "daemon.json is ignored")).ok()
}

/// The bearer token of the desk API. Read again for each connection, as a new daemon may have a new one.
///
/// # Errors
/// One sentence if there is none.
pub fn read_token(data_dir: &Path) -> Result<String, String> {
    let path = data_dir.join("desk.token");
    let text =
        read_small(&path, TOKEN_BYTES_MAX).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("{} holds no token", path.display()));
    }
    Ok(token.to_owned())
}

fn read_small(path: &Path, bytes_max: u64) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > bytes_max {
        return Err(std::io::Error::other("it is too large"));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_object_gives_address_and_process() {
        let text = r#"{"event":"ready","partner_url":"http://0.0.0.0:8686","desk_url":"http://127.0.0.1:4000/","version":"0.1.0","pid":7}"#;
        let expected = Ready { desk_url: "http://127.0.0.1:4000".to_owned(), pid: Some(7) };
        assert_eq!(parse(text), Ok(expected));
        let text = r#"{"event":"ready","desk_url":"http://[::1]:4000","new_field":1}"#;
        assert_eq!(parse(text).map(|ready| ready.pid), Ok(None));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "listening",
            r#"{"event":"starting","desk_url":"http://127.0.0.1:4000"}"#,
            r#"{"event":"ready"}"#,
            r#"{"event":"ready","desk_url":"http://example.org:4000"}"#,
            r#"{"event":"ready","desk_url":"https://127.0.0.1:4000"}"#,
            r#"{"event":"ready","desk_url":"http://127.0.0.1@example.org"}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_read_from_the_data_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read(dir.path()), None);
        assert!(read_token(dir.path()).is_err());
        let ready = r#"{"event":"ready","desk_url":"http://127.0.0.1:1","pid":2}"#;
        fs::write(dir.path().join("daemon.json"), ready).expect("written");
        fs::write(dir.path().join("desk.token"), "abc123\n").expect("written");
        assert_eq!(read(dir.path()).and_then(|ready| ready.pid), Some(2));
        assert_eq!(read_token(dir.path()), Ok("abc123".to_owned()));
        fs::write(dir.path().join("desk.token"), "a b\r\nX: y").expect("written");
        assert!(read_token(dir.path()).is_err());
    }
}
