//! What nothing on this machine can beat: its disk's flushes, and the HTTP stack without work behind it.

use crate::Failure;
use crate::client::Connection;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MEASURE_FOR: Duration = Duration::from_secs(3);
/// A database log grows; 64 MiB of pages keep the file system honest.
const PAGES: u64 = 16_384;
const PAGE_BYTES: usize = 4_096;

/// Appending a page and flushing it, over and over.
pub fn fdatasync_per_second(directory: &Path) -> Result<f64, Failure> {
    let path = directory.join("floor.bin");
    let mut file = File::create(&path)?;
    let page = [7_u8; PAGE_BYTES];
    let started = Instant::now();
    let mut flushes = 0_u64;
    while started.elapsed() < MEASURE_FOR {
        if flushes.is_multiple_of(PAGES) {
            file.seek(SeekFrom::Start(0))?;
        }
        file.write_all(&page)?;
        file.sync_data()?;
        flushes += 1;
    }
    let rate = flushes as f64 / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

/// The daemon's own listener and router answering `/healthz`.
pub async fn empty_answers_per_second(partner: &str, connections: usize) -> Result<f64, Failure> {
    let address = partner.trim_start_matches("http://").to_owned();
    let request = Arc::new(format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes());
    let answered = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (address, request, answered) = (address.clone(), request.clone(), answered.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            while started.elapsed() < MEASURE_FOR {
                connection.ask(&request).await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(answered.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64())
}
