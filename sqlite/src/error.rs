//! The one error of this crate, split only where a caller branches.

/// What went wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{what} {id} does not exist")]
    NotFound { what: &'static str, id: String },
    #[error("{message}")]
    Conflict { code: &'static str, message: String },
    #[error("{message}")]
    Invalid { code: &'static str, field: &'static str, message: String },
    /// The disk is full, read-only or failing: nothing can be written now.
    #[error("the database cannot be written: {0}")]
    Storage(String),
    /// The writer has stopped or its queue is full.
    #[error("the writer is {0}")]
    Busy(&'static str),
    #[error(transparent)]
    Sql(sqlx::Error),
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
}

/// SQLite's primary result codes for a disk that is full, failing or read-only.
const SQLITE_STORAGE_CODES: [i64; 4] = [8, 10, 13, 14];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned());
        let storage = match code.as_deref() {
            // PostgreSQL: class 53 is "insufficient resources", 58 "system error".
            Some(code) if code.len() == 5 => code.starts_with("53") || code.starts_with("58"),
            // SQLite: extended codes carry the primary one in their low byte.
            Some(code) => code.parse::<i64>().is_ok_and(|code| SQLITE_STORAGE_CODES.contains(&(code & 0xff))),
            None => matches!(error, sqlx::Error::Io(_)),
        };
        if storage { StoreError::Storage(error.to_string()) } else { StoreError::Sql(error) }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        StoreError::Corrupt(error.to_string())
    }
}

impl StoreError {
    /// A copy for a second receiver: one failed commit fails every job in it.
    pub(crate) fn of_commit(&self) -> Self {
        match self {
            StoreError::Storage(message) => StoreError::Storage(message.clone()),
            other => StoreError::Storage(other.to_string()),
        }
    }
}
