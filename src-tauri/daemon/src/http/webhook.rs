//! The bank's webhook: the question before a swipe, and the four reports after it.

use super::access::require;
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::clock;
use crate::issuer::investec;
use crate::metrics::Kind;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use fraud::authorization::Swipe;
use fraud::bank_event::EventKind;
use fraud::card_number;
use fraud::decision::Outcome;
use fraud::shipped::CARD_DEACTIVATED;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::bank_events::{self, Received};
use store::health::{self, CardLog};
use store::keys::Scope;
use store::swipe::{Answer, SwipeJob, Ticket};
use store::{Lane, StoreError};
use utoipa::ToSchema;

/// Why a swipe was decided as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AnswerReason {
    pub rule: String,
    pub message: String,
}

/// Our answer to the bank.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BeforeAnswer {
    pub decision_id: String,
    pub outcome: Outcome,
    /// Every live rule that fired, also on approve.
    pub reasons: Vec<AnswerReason>,
    /// A repeat: this is the first call's decision.
    pub duplicate: bool,
    /// The fallback answered; the decision is recorded as soon as possible.
    pub stand_in: bool,
}

/// Rule word of a fallback's reason.
const STAND_IN: &str = "stand_in";

/// Decides a swipe, durably, before answering.
#[utoipa::path(post, operation_id = "webhook_before", path = "/v1/webhooks/investec/before", tag = "webhook", request_body = Object,
    responses((status = 200, body = BeforeAnswer), (status = 422, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub async fn before(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<BeforeAnswer>, ApiError> {
    let started = Instant::now();
    require(&app, &headers, Scope::Webhook)?;
    let received_at = app.clock.now();
    let swipe = investec::read(&read_json(&body)?, received_at, &app.secret)?;
    let settings = app.writer.versions().settings;
    let deadline = Duration::from_millis(u64::try_from(settings.deadline_ms).unwrap_or(1_000));
    let id = clock::id("auth", received_at);
    let (ticket, mut answer) = Ticket::new();
    app.writer.submit(SwipeJob::new(swipe.clone(), id.clone(), ticket.clone()));
    let in_time = tokio::time::timeout(deadline.saturating_sub(started.elapsed()), &mut answer).await;
    let late = in_time.is_err();
    let answer = match in_time {
        Ok(Ok(Some(answer))) => answered(answer),
        _ => {
            let stand_in = stand_in(&app, &swipe, id, settings.fallback, late);
            if ticket.stand_in(stand_in.outcome) {
                app.metrics.stand_ins.inc();
                stand_in
            } else {
                // The writer's answer came in the same instant; it is the recorded one, so it counts.
                answer.await.ok().flatten().map_or(stand_in, answered)
            }
        }
    };
    app.metrics.decisions.get_or_create(&Kind { kind: answer.outcome.as_str() }).inc();
    if answer.duplicate {
        app.metrics.repeats.inc();
    }
    app.metrics.seconds.observe(started.elapsed().as_secs_f64());
    app.latency.record(received_at, started.elapsed(), late);
    Ok(Json(answer))
}

fn answered(answer: Answer) -> BeforeAnswer {
    BeforeAnswer {
        decision_id: answer.authorization_id,
        outcome: answer.outcome,
        reasons: answer.reasons.into_iter().map(|(rule, message)| AnswerReason { rule, message }).collect(),
        duplicate: answer.duplicate,
        stand_in: answer.stand_in,
    }
}

/// The fallback's answer; a deactivated card is never approved.
fn stand_in(app: &App, swipe: &Swipe, decision_id: String, fallback: Outcome, late: bool) -> BeforeAnswer {
    let why = if late {
        "No decision was reached in time, so the fallback answered.".to_owned()
    } else {
        "The decision could not be recorded, so the fallback answered.".to_owned()
    };
    let mut reasons = vec![AnswerReason { rule: STAND_IN.into(), message: why }];
    let deactivated = app.deactivated.contains(&swipe.presented_card_id);
    if deactivated {
        reasons.insert(
            0,
            AnswerReason { rule: CARD_DEACTIVATED.into(), message: "The card is deactivated.".into() },
        );
    }
    let outcome = if deactivated { Outcome::Decline } else { fallback };
    BeforeAnswer { decision_id, outcome, reasons, duplicate: false, stand_in: true }
}

/// Keeps a report of the bank: after, decline, reversal or adjustment.
#[utoipa::path(post, operation_id = "webhook_report", path = "/v1/webhooks/investec/{hook}", tag = "webhook", request_body = Object,
    params(("hook" = String, Path, description = "after, decline, reversal or adjustment")),
    responses((status = 202, body = Received), (status = 422, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub async fn report(
    State(app): State<Arc<App>>,
    Path(hook): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Received>), ApiError> {
    require(&app, &headers, Scope::Webhook)?;
    let kind =
        EventKind::parse(&hook).ok_or_else(|| ApiError::not_found(format!("there is no hook {hook}")))?;
    let received_at = app.clock.now();
    let event = investec::read(&read_json(&body)?, received_at, &app.secret)?;
    let id = clock::id("evt", received_at);
    let received = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { bank_events::receive(tx, kind, &event, &id).await }))
        .await?;
    app.metrics.events.get_or_create(&Kind { kind: kind.as_str() }).inc();
    Ok((StatusCode::ACCEPTED, Json(received)))
}

/// A message of the card code.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CardCodeMessage {
    pub level: Option<String>,
    pub message: String,
    pub hook: Option<String>,
    pub card: Option<CardCodeCard>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CardCodeCard {
    pub id: Option<String>,
}

/// Longest message kept, in characters; the card code cuts at 300 itself.
const MESSAGE_CHARS_MAX: usize = 500;

/// Keeps an error of the card code: the one log for all cards.
#[utoipa::path(post, path = "/v1/webhooks/investec/log", tag = "webhook", request_body = CardCodeMessage,
    responses((status = 202), (status = 422, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub async fn card_log(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    require(&app, &headers, Scope::Webhook)?;
    let sent: CardCodeMessage = read_json(&body)?;
    let now = app.clock.now();
    let cut = |text: &str| -> String {
        let line: String =
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARS_MAX).collect();
        card_number::mask(&line).into_owned()
    };
    let hook = sent.hook.map_or_else(String::new, |hook| format!("{}: ", cut(&hook)));
    let log = CardLog {
        id: clock::id("log", now),
        received_at: now,
        card_id: sent.card.and_then(|card| card.id).map(|id| cut(&id)),
        level: cut(sent.level.as_deref().unwrap_or("error")),
        message: format!("{hook}{}", cut(&sent.message)),
    };
    let kept: Result<(), StoreError> = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { health::keep_card_log(tx, &log).await }))
        .await;
    kept?;
    Ok(StatusCode::ACCEPTED)
}
