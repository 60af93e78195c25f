//! One form of answer and one form of error for every endpoint.

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fraud::card_number;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use store::StoreError;
use utoipa::ToSchema;

/// What every error looks like on the wire.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ApiError)]
pub struct ErrorBody {
    /// Machine word; clients test this, never the message.
    pub code: String,
    /// One sentence that a person can act on.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub message: String,
    pub field: Option<String>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status, code: Cow::Borrowed(code), message: message.into(), field: None }
    }

    /// 422: parseable but wrong.
    pub fn wrong(field: impl Into<String>, message: impl Into<String>) -> Self {
        let field = field.into();
        ApiError {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: Cow::Borrowed("invalid_field"),
            message: message.into(),
            field: (!field.is_empty()).then_some(field),
        }
    }

    pub fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub fn not_ready(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message)
    }

    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::not_found(error.to_string()),
            StoreError::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            StoreError::Invalid { code, field, message } => ApiError {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: Cow::Borrowed(code),
                message,
                field: Some(field.to_owned()),
            },
            StoreError::Storage(_) => {
                tracing::error!(%error, "storage fault");
                Self::not_ready(
                    "Nothing can be written at the moment; what was answered before is safe. Try again shortly.",
                )
            }
            StoreError::Busy(_) => {
                Self::not_ready("The daemon is stopping or overloaded. Try again shortly.")
            }
            StoreError::Sql(_) | StoreError::Corrupt(_) => {
                tracing::error!(%error, "database fault");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "The daemon could not do this; its log says why.",
                )
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry = matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        // What a sender got wrong is quoted back, but never a full card number.
        let masked = |text: String| card_number::mask(&text).into_owned();
        let body = ErrorBody {
            code: self.code.into_owned(),
            message: masked(self.message),
            field: self.field.map(masked),
        };
        let mut response = (self.status, Json(body)).into_response();
        if retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A JSON answer.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Reads a JSON body: 400 when it is not JSON in UTF-8, 422 with the field when it is of another shape.
///
/// # Errors
/// As above.
pub fn read_json<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "not_utf8", "The body is not UTF-8."))?;
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "not_json", format!("The body is not JSON: {error}."))
    })?;
    if !value.is_object() {
        return Err(ApiError::wrong("", "expected a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().to_string();
        ApiError::wrong(if field == "." { String::new() } else { field }, error.into_inner().to_string())
    })
}
