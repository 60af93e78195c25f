//! Reads a server-sent event stream: bytes in, the `data` of whole events out.

/// One event is a kind and an id; a longer one is not ours.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Holds what has arrived of the event that is not complete yet.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    data: String,
}

/// The stream sent an event too long to be ours.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

impl SseParser {
    /// The data of every event that `bytes` completes.
    ///
    /// # Errors
    /// `TooLong` if an event exceeds 64 KiB: drop the connection.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                if self.line.len() + self.data.len() > BUFFER_BYTES_MAX {
                    return Err(TooLong);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                if !self.data.is_empty() {
                    events.push(std::mem::take(&mut self.data));
                }
            } else if let Some(value) = line.strip_prefix(b"data:") {
                let value = value.strip_prefix(b" ").unwrap_or(value);
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(&String::from_utf8_lossy(value));
            }
            // Comments (keep-alive), event names and ids say nothing that we use.
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let stream = b": keep-alive\n\nevent: x\r\ndata: {\"kind\":\"alert\"}\r\n\r\ndata:a\ndata:  b\nid: 3\n\n\ndata: incomplete\n";
        let expected = ["{\"kind\":\"alert\"}".to_owned(), "a\n b".to_owned()];
        for size in [1, 2, 7, stream.len()] {
            let mut parser = SseParser::default();
            let events: Vec<String> =
                stream.chunks(size).flat_map(|c| parser.push(c).expect("short events")).collect();
            assert_eq!(events, expected, "chunks of {size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = SseParser::default();
        assert_eq!(parser.push(&vec![b'x'; BUFFER_BYTES_MAX + 1]), Err(TooLong));
        let mut parser = SseParser::default();
        let line = [b"data: ".as_slice(), &[b'y'; 1000], b"\n"].concat();
        assert!((0..100).any(|_| parser.push(&line).is_err()));
    }
}
