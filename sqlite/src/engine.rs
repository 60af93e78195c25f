//! What one database engine needs alone: addresses, pragmas, transactions, checkpoints, sizes.

use crate::StoreError;
use crate::sql::{execute, fetch_one};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection, Row};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use tokio::sync::Mutex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }

    /// SQLite takes its write lock at once, so that a transaction never fails half-way for want of it.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Engine::Sqlite => "begin immediate",
            Engine::Postgres => "begin",
        }
    }
}

/// Where a database lies.
#[derive(Debug, Clone)]
pub struct Location {
    engine: Engine,
    url: String,
    path: Option<PathBuf>,
}

/// Oldest SQLite that does not silently lose committed WAL writes.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Enough for the desk's screens; each costs a thread.
const READERS_MAX: u32 = 4;

/// Waiting for the write lock while a command of ours holds it.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// 64 MiB of page cache for the writer: the hot indexes of a million authorizations.
const WRITER_CACHE_KIB: u32 = 65_536;

impl Location {
    /// A SQLite file in a data directory.
    pub fn file(path: &Path) -> Self {
        Location { engine: Engine::Sqlite, url: sqlite_url(path), path: Some(path.to_owned()) }
    }

    /// `sqlite://PATH` or `postgres://...`.
    ///
    /// # Errors
    /// A sentence when the address is of another kind.
    pub fn parse(address: &str) -> Result<Self, String> {
        if let Some(path) = address.strip_prefix("sqlite://").or_else(|| address.strip_prefix("sqlite:")) {
            let path = path.split('?').next().unwrap_or(path);
            return Ok(Self::file(Path::new(path)));
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return Ok(Location { engine: Engine::Postgres, url: address.to_owned(), path: None });
        }
        Err("the database address must begin with sqlite:// or postgres://".into())
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The file, for SQLite.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn connect_url(&self, mode: &str) -> String {
        match self.engine {
            Engine::Sqlite => format!("{}?mode={mode}", self.url),
            Engine::Postgres => self.url.clone(),
        }
    }
}

fn sqlite_url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                url.push(byte as char)
            }
            byte => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// An opened database: readers, and the connections that only the writer and the checkpointer use.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) readers: AnyPool,
    location: Location,
    checkpointer: Arc<Mutex<Option<AnyConnection>>>,
}

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

fn install_drivers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(sqlx::any::install_default_drivers);
}

impl Database {
    /// Opens (and for SQLite creates) a database and brings its tables up to date.
    ///
    /// # Errors
    /// `StoreError` when it cannot be opened, or `Corrupt` when SQLite is too old to be trusted.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        install_drivers();
        if location.engine == Engine::Sqlite && sqlite_version() < SQLITE_VERSION_MIN {
            return Err(StoreError::Corrupt(format!(
                "SQLite {} can lose committed writes; 3.51.3 or newer is needed",
                sqlite_version()
            )));
        }
        let mut first = writer_connection(location).await?;
        MIGRATOR.run(&mut first).await.map_err(|error| StoreError::Sql(error.into()))?;
        first.close().await?;
        Ok(Database {
            readers: open_readers(location).await?,
            location: location.clone(),
            checkpointer: Arc::default(),
        })
    }

    pub fn engine(&self) -> Engine {
        self.location.engine
    }

    pub fn location(&self) -> &Location {
        &self.location
    }

    /// A connection of its own for the writer.
    pub(crate) async fn writer_connection(&self) -> Result<AnyConnection, StoreError> {
        writer_connection(&self.location).await
    }

    /// A reading connection from the pool.
    ///
    /// # Errors
    /// `StoreError` when none can be had.
    pub(crate) async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// Moves committed pages from the log into the database, on a connection of its own; true where there is
    /// such a log.
    ///
    /// # Errors
    /// `StoreError` when the engine refuses; the log then waits for the next time.
    pub async fn checkpoint(&self) -> Result<bool, StoreError> {
        if self.location.engine == Engine::Postgres {
            return Ok(false);
        }
        let mut kept = self.checkpointer.lock().await;
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => writer_connection(&self.location).await?,
        };
        checkpoint(&mut connection).await?;
        *kept = Some(connection);
        Ok(true)
    }

    /// Size of the database in bytes, its log included.
    ///
    /// # Errors
    /// `StoreError` when the engine does not answer.
    pub async fn size_bytes(&self) -> Result<i64, StoreError> {
        match (self.location.engine, self.location.path()) {
            (Engine::Sqlite, Some(path)) => {
                let length = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
                let log = PathBuf::from(format!("{}-wal", path.display()));
                Ok(i64::try_from(length(path) + length(&log)).unwrap_or(i64::MAX))
            }
            _ => {
                let mut connection = self.reader().await?;
                let sql = "select cast(pg_database_size(current_database()) as bigint) as size";
                let row = fetch_one(&mut connection, sql, vec![]).await?;
                Ok(row.map_or(Ok(0), |row| row.try_get("size"))?)
            }
        }
    }

    /// Writes a whole copy while work goes on.
    ///
    /// # Errors
    /// `Invalid` on PostgreSQL, which has its own tools; `StoreError` when the copy cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        if self.location.engine == Engine::Postgres {
            return Err(StoreError::Invalid {
                code: "use_pg_dump",
                field: "database",
                message: "back up PostgreSQL with pg_dump".into(),
            });
        }
        let mut connection = writer_connection(&self.location).await?;
        let done =
            execute(&mut connection, "vacuum into $1", vec![to.to_string_lossy().as_ref().into()]).await;
        connection.close().await?;
        done.map(|_| ())
    }

    /// Asks the engine whether the file is sound; names the first fault.
    ///
    /// # Errors
    /// `Corrupt` with the engine's words when it is not.
    pub async fn check(&self) -> Result<(), StoreError> {
        if self.location.engine == Engine::Postgres {
            return Ok(());
        }
        let mut connection = writer_connection(&self.location).await?;
        let row = fetch_one(
            &mut connection,
            "select integrity_check as word from pragma_integrity_check limit 1",
            vec![],
        )
        .await;
        let orphan = fetch_one(
            &mut connection,
            "select \"table\" as word from pragma_foreign_key_check limit 1",
            vec![],
        )
        .await;
        connection.close().await?;
        let word: String = row?.map_or(Ok(String::new()), |row| row.try_get("word"))?;
        if word != "ok" {
            return Err(StoreError::Corrupt(word));
        }
        match orphan? {
            None => Ok(()),
            Some(row) => Err(StoreError::Corrupt(format!(
                "{}: a row without its parent",
                row.try_get::<String, _>("word")?
            ))),
        }
    }

    pub async fn close(&self) {
        self.readers.close().await;
    }
}

/// Never waits for readers or the writer: what they still need stays in the log.
pub(crate) async fn checkpoint(connection: &mut AnyConnection) -> Result<(), StoreError> {
    execute(connection, "pragma wal_checkpoint(passive)", vec![]).await.map(|_| ())
}

fn sqlite_version() -> i32 {
    libsqlite3_sys::SQLITE_VERSION_NUMBER
}

async fn open_readers(location: &Location) -> Result<AnyPool, StoreError> {
    let engine = location.engine;
    Ok(AnyPoolOptions::new()
        .max_connections(READERS_MAX)
        .min_connections(1)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                let sql = match engine {
                    Engine::Sqlite => "pragma query_only = on",
                    Engine::Postgres => "set default_transaction_read_only = on",
                };
                sqlx::query(sql).execute(connection).await.map(|_| ())
            })
        })
        .connect(&location.connect_url("rw"))
        .await?)
}

async fn writer_connection(location: &Location) -> Result<AnyConnection, StoreError> {
    let mut connection = AnyConnection::connect(&location.connect_url("rwc")).await?;
    match location.engine {
        Engine::Sqlite => {
            for pragma in [
                format!("pragma busy_timeout = {BUSY_TIMEOUT_MS}"),
                "pragma journal_mode = wal".into(),
                "pragma synchronous = full".into(),
                "pragma foreign_keys = on".into(),
                format!("pragma cache_size = -{WRITER_CACHE_KIB}"),
                // The checkpointer does this, so that no swipe waits for it.
                "pragma wal_autocheckpoint = 0".into(),
            ] {
                sqlx::query(sqlx::AssertSqlSafe(pragma)).execute(&mut connection).await?;
            }
        }
        Engine::Postgres => {
            sqlx::query("set synchronous_commit = on").execute(&mut connection).await?;
        }
    }
    Ok(connection)
}

/// How a connection confirms a commit, read back from the engine: `full` or `on` means flushed to the disk.
pub(crate) async fn read_synchronous(
    engine: Engine,
    connection: &mut AnyConnection,
) -> Result<String, StoreError> {
    match engine {
        Engine::Sqlite => {
            let row = fetch_one(connection, "select synchronous from pragma_synchronous", vec![]).await?;
            let level: i64 = row.map_or(Ok(-1), |row| row.try_get(0))?;
            Ok(match level {
                0 => "off",
                1 => "normal",
                2 => "full",
                3 => "extra",
                _ => "unknown",
            }
            .to_owned())
        }
        Engine::Postgres => {
            let row =
                fetch_one(connection, "select current_setting('synchronous_commit') as word", vec![]).await?;
            Ok(row.map_or(Ok(String::new()), |row| row.try_get("word"))?)
        }
    }
}
