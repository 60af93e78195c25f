//! What every list takes: a limit and a cursor.

use super::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::sql_page::{Cursor, LIMIT_DEFAULT, LIMIT_MAX};

/// Query parameters, refused with 422 and not with a bare text.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(query) => Ok(Query(query.0)),
            Err(error) => Err(ApiError::wrong("query", error.body_text())),
        }
    }
}

/// `?limit=&cursor=`; limit is 1 to 500, 100 unless told.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Paging {
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

impl Paging {
    /// # Errors
    /// 422 when the limit is out of range or the cursor is none of ours.
    pub fn read(&self) -> Result<(Option<Cursor>, i64), ApiError> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(ApiError::wrong("limit", format!("limit is 1 to {LIMIT_MAX}")));
        }
        let cursor = match self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(text) => Some(
                Cursor::parse(text).ok_or_else(|| ApiError::wrong("cursor", "this cursor is not valid"))?,
            ),
        };
        Ok((cursor, limit))
    }
}

/// An empty filter is no filter.
pub fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
