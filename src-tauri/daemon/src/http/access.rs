//! Who may ask: bearer keys of machines, the desk's token, hosts and origins.

use super::ApiError;
use crate::app::App;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::keys::{self, Scope};
use store::people::{self, Role};
use store::{Database, StoreError};

use fraud::time::UnixMs;

/// The keys in force, by the digest of their secret. Changed only by this daemon, after the commit.
#[derive(Default)]
pub struct Keys {
    in_force: RwLock<HashMap<String, (String, Scope)>>,
    used: Mutex<HashMap<String, UnixMs>>,
}

impl Keys {
    /// Reads the keys afresh.
    ///
    /// # Errors
    /// `StoreError` from the database.
    pub async fn reload(&self, database: &Database) -> Result<(), StoreError> {
        let keys = keys::in_force(database).await?;
        let keys = keys.into_iter().map(|(digest, id, scope)| (digest, (id, scope))).collect();
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Keys used since this was last asked, for the record.
    pub fn take_used(&self) -> Vec<(String, UnixMs)> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    fn check(&self, secret: &str, scope: Scope, now: UnixMs) -> Result<(), ApiError> {
        // Looked up by digest, so the time it takes tells nothing about the secret.
        let digest = keys::digest(secret);
        let found = self.in_force.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        let Some((id, held)) = found else {
            return Err(ApiError::unauthorized("This key is not known or was revoked."));
        };
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
        if held == scope {
            Ok(())
        } else {
            let message =
                format!("This key has scope {}, this call needs {}.", held.as_str(), scope.as_str());
            Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_scope", message))
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let value = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| ApiError::unauthorized("A bearer key is needed."))?;
    let value = value.to_str().unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(ApiError::unauthorized("Send the key as `Authorization: Bearer KEY`."))
    }
}

/// Lets in a request whose key has `scope`.
///
/// # Errors
/// 401 without a good key, 403 with one of another scope.
pub fn require(app: &App, headers: &HeaderMap, scope: Scope) -> Result<(), ApiError> {
    app.keys.check(bearer(headers)?, scope, app.clock.now())
}

/// Who asks at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub role: Role,
}

/// Whoever holds the machine's own token: nobody among the people.
pub const LOCAL_ADMIN: &str = "local-admin";

impl Person {
    /// Lets in whoever changes and publishes rules.
    ///
    /// # Errors
    /// 403 for everybody else.
    pub fn must_publish(&self) -> Result<(), ApiError> {
        if self.role.publishes() {
            return Ok(());
        }
        let message = "Ops leads and admins change rules and lists.";
        Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_role", message))
    }

    /// The name in the audit log.
    pub fn actor(&self) -> String {
        format!("user:{}", self.name)
    }
}

/// Guards the desk: exact hosts, no foreign origin, a valid token. Health, metrics and the API's own description need none.
///
/// # Errors
/// 403 or 401.
pub async fn desk_guard(
    State(app): State<Arc<App>>,
    mut request: Request<Body>,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !app.desk_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_host", "This host name is not served here."));
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let own = origin
            .strip_prefix("http://")
            .is_some_and(|rest| app.desk_hosts.iter().any(|h| h.eq_ignore_ascii_case(rest)));
        if !own {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "foreign_origin",
                "Requests of other sites are refused.",
            ));
        }
    }
    // Nothing of these is about a person or a card.
    let open = matches!(
        request.uri().path(),
        "/healthz" | "/readyz" | "/metrics" | "/v1/openapi.json" | "/v1/session"
    );
    if !open {
        let token = bearer(headers)?;
        // Digests are compared, so the time it takes tells nothing about the token.
        let person = if Sha256::digest(token.as_bytes()) == Sha256::digest(app.desk_token.as_bytes()) {
            Person { name: LOCAL_ADMIN.into(), role: Role::Admin }
        } else {
            let session = people::of_session(&app.database, &keys::digest(token), app.clock.now()).await?;
            let (name, role) = session
                .ok_or_else(|| ApiError::unauthorized("This token is not valid, or the session is over."))?;
            Person { name, role }
        };
        request.extensions_mut().insert(person);
    }
    Ok(next.run(request).await)
}
