//! Rules: read, changed, every version kept.

use super::access::{LOCAL_ADMIN, Person};
use super::drafts;
use super::list::Query;
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fraud::expression::BadExpression;
use fraud::rule::{Parameter, Rule, RuleMode, RuleOutcome, RuleScope, RuleSet, Severity};
use fraud::time::{DAY_MS, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::firings::{self, RuleStatistics};
use store::{Lane, StoreError, rules};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// Inclusive; 30 days ago unless told.
    from: Option<UnixMs>,
    /// Exclusive; now unless told.
    to: Option<UnixMs>,
}

/// How far statistics reach back unless told.
const PERIOD_MS: i64 = 30 * DAY_MS;

#[derive(Debug, Serialize, ToSchema)]
pub struct RuleStatisticsList {
    pub items: Vec<RuleStatistics>,
    pub next: Option<String>,
    pub from: UnixMs,
    pub to: UnixMs,
}

/// What became of each rule's firings in a period: confirmed, false, money saved.
#[utoipa::path(get, operation_id = "rule_statistics", path = "/v1/rules/statistics", tag = "desk", params(PeriodQuery),
    responses((status = 200, body = RuleStatisticsList)))]
pub async fn statistics(
    State(app): State<Arc<App>>,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<RuleStatisticsList>, ApiError> {
    let to = query.to.unwrap_or_else(|| app.clock.now().plus(1));
    let from = query.from.unwrap_or_else(|| to.plus(-PERIOD_MS));
    let items = firings::statistics(&app.database, from, to).await?;
    Ok(Json(RuleStatisticsList { items, next: None, from, to }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RuleList {
    pub items: Vec<Rule>,
    pub next: Option<String>,
}

/// Every rule in force, in the order of their weight.
#[utoipa::path(get, operation_id = "rule_list", path = "/v1/rules", tag = "desk", responses((status = 200, body = RuleList)))]
pub async fn list(State(app): State<Arc<App>>) -> Json<RuleList> {
    let items = app.writer.versions().rules.iter().cloned().collect();
    Json(RuleList { items, next: None })
}

/// Every version of a rule, newest first.
#[utoipa::path(get, operation_id = "rule_versions", path = "/v1/rules/{id}/versions", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = RuleList), (status = 404, body = ErrorBody)))]
pub async fn versions(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<RuleList>, ApiError> {
    let items = rules::read_versions(&app.database, &id).await?;
    if items.is_empty() {
        return Err(ApiError::not_found(format!("rule {id} does not exist")));
    }
    Ok(Json(RuleList { items, next: None }))
}

/// A rule as asked for; what is left out stays as it was.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PutRule {
    pub name: Option<String>,
    pub description: Option<String>,
    pub mode: Option<RuleMode>,
    pub outcome: Option<RuleOutcome>,
    pub severity: Option<Severity>,
    pub expression: Option<String>,
    pub parameters: Option<BTreeMap<String, Parameter>>,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Serialize, ToSchema)]
pub struct BadExpressionBody {
    pub code: String,
    pub message: String,
    pub field: String,
    pub line: usize,
    pub column: usize,
}

pub(super) fn bad_expression(bad: BadExpression) -> Response {
    let body = BadExpressionBody {
        code: "bad_expression".into(),
        message: format!("Line {}, column {}: {}.", bad.line, bad.column, bad.message),
        field: "expression".into(),
        line: bad.line,
        column: bad.column,
    };
    (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
}

/// Words by which a new rule may be called.
pub(super) fn is_rule_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn merged(asked: PutRule, id: String, before: Option<&Rule>, app: &App) -> Result<Rule, ApiError> {
    let missing = |field: &'static str| ApiError::wrong(field, "a new rule needs this");
    let mut parameters = before.map(|rule| rule.parameters.clone()).unwrap_or_default();
    parameters.extend(asked.parameters.unwrap_or_default());
    Ok(Rule {
        name: asked.name.or_else(|| before.map(|r| r.name.clone())).unwrap_or_else(|| id.clone()),
        description: asked.description.or_else(|| before.map(|r| r.description.clone())).unwrap_or_default(),
        scope: before.map_or(RuleScope::Swipe, |r| r.scope),
        mode: asked.mode.or(before.map(|r| r.mode)).ok_or_else(|| missing("mode"))?,
        outcome: asked.outcome.or(before.map(|r| r.outcome)).ok_or_else(|| missing("outcome"))?,
        severity: asked.severity.or(before.map(|r| r.severity)).unwrap_or(Severity::Warning),
        expression: asked
            .expression
            .or_else(|| before.map(|r| r.expression.clone()))
            .ok_or_else(|| missing("expression"))?,
        parameters,
        version: 0,
        updated_at: app.clock.now(),
        updated_by: String::new(),
        id,
    })
}

/// Puts a rule in force as its next version; a new id makes a rule of the lead's own.
#[utoipa::path(put, operation_id = "rule_put", path = "/v1/rules/{id}", tag = "desk", params(("id" = String, Path)), request_body = PutRule,
    responses((status = 200, body = Rule), (status = 422, body = BadExpressionBody)))]
pub async fn put(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let asked: PutRule = read_json(&body)?;
    person.must_publish()?;
    // The machine's own token is nobody's: it is how a desk is set up and checked.
    if person.name != LOCAL_ADMIN && drafts::second_person(&app).await? {
        let message = "Propose the change: two people look at every change of a rule.";
        return Err(ApiError::conflict("second_person_needed", message));
    }
    if !is_rule_id(&id) {
        return Err(ApiError::wrong("id", "a rule's id is 1 to 64 of a-z, 0-9 and _"));
    }
    let set = app.writer.versions().rules;
    let rule = merged(asked, id.clone(), set.get(&id), &app)?;
    if let Err((_, bad)) = RuleSet::compile(0, vec![rule.clone()], app.writer.versions().lists()) {
        return Ok(bad_expression(bad));
    }
    let (now, actor) = (app.clock.now(), person.actor());
    let put: Result<Rule, StoreError> = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { rules::put(tx, rule, now, &actor).await }))
        .await;
    Ok(Json(put?).into_response())
}
