//! One call from the page to the desk API. The page names a path; address and token are added here.

use std::time::Duration;

use reqwest::{Method, Response, Url, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};

use super::{Endpoint, Link, LinkError};

const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest answer is a report or an export; more would freeze the page.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
const PATH_BYTES_MAX: usize = 8 * 1024;
/// The API's own paths begin so, and nothing else is reachable from the page.
const PATH_PREFIX: &str = "/v1/";

/// What the page asks for.
#[derive(Debug, Deserialize)]
pub struct CallRequest {
    pub method: String,
    /// Path and query, beginning with `/v1/`.
    pub path: String,
    /// JSON text.
    pub body: Option<String>,
}

/// What the daemon answered, whatever its status.
#[derive(Debug, Serialize)]
pub struct CallAnswer {
    pub status: u16,
    pub body: String,
    pub content_type: String,
}

impl Link {
    /// Calls the daemon, waiting for one that is starting.
    ///
    /// A refused connection is tried once more with the next daemon: nothing of the request had been sent.
    ///
    /// # Errors
    /// `bad_call`, `daemon_down`, `daemon_timeout`, `daemon_failed`, `answer_too_large` or `answer_not_text`.
    pub async fn call(&self, request: CallRequest) -> Result<CallAnswer, LinkError> {
        let method = parse_method(&request.method)?;
        let endpoint = self.endpoint().await?;
        let sent = self.send(&endpoint, &method, &request).await;
        let refused = matches!(&sent, Err(e) if e.is_connect());
        let sent = if refused {
            let next = self.endpoint_after(endpoint.generation, super::UP_WAIT).await?;
            self.send(&next, &method, &request).await
        } else {
            sent
        };
        read_answer(sent.map_err(failed)?).await
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        method: &Method,
        request: &CallRequest,
    ) -> Result<Response, SendError> {
        let url = join(&endpoint.base, &request.path).map_err(SendError::Path)?;
        let mut call = self.http.request(method.clone(), url).timeout(CALL_TIMEOUT);
        call = call.bearer_auth(&endpoint.token);
        if let Some(body) = &request.body {
            call = call.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        call.send().await.map_err(SendError::Http)
    }
}

enum SendError {
    Path(LinkError),
    Http(reqwest::Error),
}

impl SendError {
    fn is_connect(&self) -> bool {
        matches!(self, Self::Http(e) if e.is_connect())
    }
}

fn failed(error: SendError) -> LinkError {
    match error {
        SendError::Path(error) => error,
        SendError::Http(e) => http_failed(&e),
    }
}

fn http_failed(error: &reqwest::Error) -> LinkError {
    if error.is_timeout() {
        let seconds = CALL_TIMEOUT.as_secs();
        let message = format!("The daemon did not answer within {seconds} s. It may still act.");
        return LinkError::new("daemon_timeout", message);
    }
    if error.is_connect() {
        return LinkError::new("daemon_down", "The daemon cannot be reached.");
    }
    tracing::warn!(%error, "a call to the daemon broke off");
    LinkError::new("daemon_failed", "The connection to the daemon broke off. It may have acted.")
}

async fn read_answer(mut answer: Response) -> Result<CallAnswer, LinkError> {
    let status = answer.status().as_u16();
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| http_failed(&e))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            let message = "The answer is too large to show; narrow the question.";
            return Err(LinkError::new("answer_too_large", message));
        }
        body.extend_from_slice(&chunk);
    }
    let body =
        String::from_utf8(body).map_err(|_| LinkError::new("answer_not_text", "The answer is not text."))?;
    Ok(CallAnswer { status, body, content_type })
}

fn parse_method(method: &str) -> Result<Method, LinkError> {
    match method {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(LinkError::new("bad_call", format!("The method {method:?} is not allowed."))),
    }
}

/// The address of `path` on the daemon, if it stays below `/v1/` there.
fn join(base: &str, path: &str) -> Result<Url, LinkError> {
    let refused = || LinkError::new("bad_call", "The path is not one of the desk API.");
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
    if !path.starts_with(PATH_PREFIX) || !plain || path.len() > PATH_BYTES_MAX {
        return Err(refused());
    }
    let base = Url::parse(base).map_err(|_| refused())?;
    // Parsing resolves dot segments, plain or percent-encoded, so the result is what counts.
    let url = Url::parse(&format!("{}{path}", base.origin().ascii_serialization())).map_err(|_| refused())?;
    let inside = url.path().starts_with(PATH_PREFIX) && url.origin() == base.origin();
    inside.then_some(url).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_desk_api_are_reachable() {
        let join = |path: &str| join("http://127.0.0.1:4000", path).map(String::from);
        for path in ["/v1/cards", "/v1/alerts?status=open&q=a%20b", "/v1/cards/a..b"] {
            assert_eq!(join(path), Ok(format!("http://127.0.0.1:4000{path}")));
        }
        for path in [
            "",
            "v1/cards",
            "/metrics",
            "/v1",
            "/v2/cards",
            "//example.org/v1/",
            "http://example.org/v1/",
            "/v1/../metrics",
            "/v1/%2e%2E/metrics",
            "/v1/..\\..\\metrics",
            "/v1/a b",
            "/v1/a\nHost: b",
            "/v1/a#b",
            "@example.org/v1/",
        ] {
            assert!(join(path).is_err(), "{path}");
        }
        assert!(join(&format!("/v1/{}", "a".repeat(PATH_BYTES_MAX))).is_err());
    }

    #[test]
    fn only_the_api_methods_are_allowed() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(parse_method(method).is_ok());
        }
        for method in ["get", "CONNECT", "TRACE", ""] {
            assert_eq!(parse_method(method).map_err(|e| e.code), Err("bad_call"));
        }
    }
}
