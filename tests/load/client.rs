//! A lean HTTP/1.1 client: on two cores a comfortable one would measure itself.

use crate::Failure;
use crate::daemon::Daemon;
use crate::world;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(4_096) })
    }

    /// Sends a request and reads its answer, which must be 200.
    pub async fn ask(&mut self, request: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the daemon closed the connection".into());
            }
            let Some(header_end) = find(&self.buffer, b"\r\n\r\n") else { continue };
            let header = String::from_utf8_lossy(&self.buffer[..header_end]).to_ascii_lowercase();
            let length: usize = header
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse().ok())
                .ok_or("an answer without content-length")?;
            if self.buffer.len() >= header_end + 4 + length {
                if header.starts_with("http/1.1 200") {
                    return Ok(());
                }
                return Err(String::from_utf8_lossy(&self.buffer).into_owned().into());
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A numbered run of swipes, shared by its connections.
#[derive(Clone)]
pub struct Load {
    pub address: String,
    pub first: u64,
    key: String,
    next: Arc<AtomicU64>,
    end: u64,
}

impl Load {
    pub fn new(daemon: &Daemon, count: u64) -> Self {
        Self::after(daemon, 0, count)
    }

    /// Swipes numbered from `first`, so that their references are new.
    pub fn after(daemon: &Daemon, first: u64, count: u64) -> Self {
        Load {
            address: daemon.partner.trim_start_matches("http://").to_owned(),
            key: daemon.webhook_key.clone(),
            next: Arc::new(AtomicU64::new(first)),
            first,
            end: first + count,
        }
    }

    pub fn next(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.end).then_some(number)
    }

    pub fn request(&self, number: u64) -> Vec<u8> {
        written(&self.address, &self.key, &world::swipe(number))
    }
}

/// A question to the card webhook.
pub fn request(daemon: &Daemon, body: &str) -> Vec<u8> {
    written(daemon.partner.trim_start_matches("http://"), &daemon.webhook_key, body)
}

fn written(address: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /v1/webhooks/investec/before HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
