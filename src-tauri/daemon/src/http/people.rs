//! Signing in, and who may.

use super::access::Person;
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::clock;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use fraud::time::{HOUR_MS, UnixMs};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::people::{self, Role};
use store::{Lane, keys};
use utoipa::ToSchema;

/// A working day and some; then the password is asked again.
const SESSION_MS: i64 = 12 * HOUR_MS;
const NAME_CHARS_MAX: usize = 64;
/// NIST SP 800-63B: at least 8; we ask for more, as this desk moves money.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=256;

#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    pub name: String,
    pub password: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    pub token: String,
    pub role: Role,
    pub expires_at: UnixMs,
}

/// Checks or makes a hash: tens of milliseconds of work by design, off the event loop.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", format!("Try again: {error}."))
    })
}

fn verifies(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A password's hash by argon2id with the crate's defaults (OWASP's).
///
/// # Errors
/// 422 for a password too short or long.
pub fn hash(password: &str) -> Result<String, ApiError> {
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        return Err(ApiError::wrong("password", "10 to 256 characters"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| ApiError::wrong("password", format!("it cannot be hashed: {error}")))
}

/// Opens a session for a person's name and password.
#[utoipa::path(post, operation_id = "session_open", path = "/v1/session", tag = "desk", request_body = SignIn,
    responses((status = 200, body = Session), (status = 401, body = ErrorBody)))]
pub async fn sign_in(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Session>, ApiError> {
    let asked: SignIn = read_json(&body)?;
    let found = people::credentials(&app.database, &asked.name).await?;
    // An unknown name takes as long as a wrong password.
    let (role, hash) = found.map_or((None, ABSENT.to_owned()), |(role, hash)| (Some(role), hash));
    let password = asked.password;
    let right = blocking(move || verifies(&hash, &password)).await?;
    let Some(role) = role.filter(|_| right) else {
        return Err(ApiError::unauthorized("Name or password is wrong."));
    };
    let token = clock::secret().map_err(|error| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", format!("No random numbers: {error}."))
    })?;
    let (now, digest) = (app.clock.now(), keys::digest(&token));
    let expires_at = now.plus(SESSION_MS);
    app.writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { people::open_session(tx, &digest, &asked.name, expires_at, now).await })
        })
        .await?;
    Ok(Json(Session { token, role, expires_at }))
}

/// The hash of nobody's password, with the parameters of real ones.
const ABSENT: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9i$ZGlnZXN0b2Zub2JvZHlzcGFzc3dvcmQhISEhISEhISE";

#[derive(Deserialize, Serialize, ToSchema)]
pub struct NewPerson {
    /// 1 to 64 printable characters.
    pub name: String,
    pub role: Role,
    /// 10 to 256 characters.
    pub password: String,
}

impl NewPerson {
    /// # Errors
    /// 422 when the name cannot be one.
    pub fn check(&self) -> Result<(), ApiError> {
        let fits = (1..=NAME_CHARS_MAX).contains(&self.name.chars().count())
            && !self.name.chars().any(char::is_control)
            && self.name.trim() == self.name
            && self.name != super::access::LOCAL_ADMIN;
        if fits {
            Ok(())
        } else {
            Err(ApiError::wrong("name", "1 to 64 printable characters, no local-admin"))
        }
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AddedPerson {
    pub name: String,
    pub role: Role,
}

/// Adds a person; admins only.
#[utoipa::path(post, operation_id = "person_add", path = "/v1/people", tag = "desk", request_body = NewPerson,
    responses((status = 201, body = AddedPerson), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<(StatusCode, Json<AddedPerson>), ApiError> {
    let asked: NewPerson = read_json(&body)?;
    if person.role != Role::Admin {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_role", "Only an admin adds people."));
    }
    asked.check()?;
    let NewPerson { name, role, password } = asked;
    let hash = blocking(move || hash(&password)).await??;
    let (now, actor, added) = (app.clock.now(), person.actor(), name.clone());
    app.writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { people::add(tx, &name, role, &hash, &actor, now).await })
        })
        .await?;
    Ok((StatusCode::CREATED, Json(AddedPerson { name: added, role })))
}
