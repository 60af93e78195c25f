//! Drafts of rules: checked while they are written, proposed, published, withdrawn.

use super::access::Person;
use super::list::Query;
use super::rules::{PutRule, bad_expression, is_rule_id, merged};
use super::{ApiError, ErrorBody, Json, read_json};
use crate::app::App;
use crate::clock;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use fraud::expression::BadExpression;
use fraud::facts::{CATALOGUE, FactKind};
use fraud::rule::{Rule, RuleSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::drafts::{self, Draft};
use store::{Lane, StoreError};
use utoipa::{IntoParams, ToSchema};

/// A rule by its id, as somebody wants it to be.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AskedRule {
    /// 1 to 64 of a-z, 0-9 and _; a new id makes a new rule.
    pub id: String,
    #[serde(flatten)]
    pub rule: PutRule,
}

impl AskedRule {
    /// The whole rule: what is left out stays as it is in force.
    ///
    /// # Errors
    /// 422 with the field that is missing or wrong.
    pub fn read(self, app: &App) -> Result<Rule, ApiError> {
        if !is_rule_id(&self.id) {
            return Err(ApiError::wrong("id", "a rule's id is 1 to 64 of a-z, 0-9 and _"));
        }
        let set = app.writer.versions().rules;
        merged(self.rule, self.id.clone(), set.get(&self.id), app)
    }
}

/// Tries to compile a rule beside the lists there are.
///
/// # Errors
/// The place of the first fault.
pub fn compile(app: &App, rule: &Rule) -> Result<RuleSet, BadExpression> {
    RuleSet::compile(0, vec![rule.clone()], app.writer.versions().lists()).map_err(|(_, bad)| bad)
}

/// What a look at an expression found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checked {
    pub ok: bool,
    /// From 1, of the mistake.
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub message: Option<String>,
}

/// Checks a rule without keeping anything, for marks while it is written.
#[utoipa::path(post, operation_id = "rule_check", path = "/v1/rules/check", tag = "desk", request_body = AskedRule,
    responses((status = 200, body = Checked), (status = 422, body = ErrorBody)))]
pub async fn check(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Checked>, ApiError> {
    let asked: AskedRule = read_json(&body)?;
    let rule = asked.read(&app)?;
    Ok(Json(match compile(&app, &rule) {
        Ok(_) => Checked { ok: true, line: None, column: None, message: None },
        Err(bad) => {
            Checked { ok: false, line: Some(bad.line), column: Some(bad.column), message: Some(bad.message) }
        }
    }))
}

/// Something that an expression may name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Word {
    /// `swipe.amount_cents`, `list.deny_cards`.
    pub name: String,
    /// bool, int, string or list
    pub kind: String,
    pub meaning: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Vocabulary {
    pub facts: Vec<Word>,
    pub lists: Vec<Word>,
}

/// Every fact and list that an expression may name, with its meaning.
#[utoipa::path(get, operation_id = "rule_vocabulary", path = "/v1/rules/vocabulary", tag = "desk", responses((status = 200, body = Vocabulary)))]
pub async fn vocabulary(State(app): State<Arc<App>>) -> Json<Vocabulary> {
    let fact = |fact: &FactKind| Word {
        name: fact.path.to_owned(),
        kind: fact.kind.to_owned(),
        meaning: fact.meaning.to_owned(),
    };
    let versions = app.writer.versions();
    let list = |(name, entries): (&str, usize)| Word {
        name: format!("list.{name}"),
        kind: "list".to_owned(),
        meaning: format!("A list of {entries} entries: `swipe.merchant in list.{name}`."),
    };
    Json(Vocabulary {
        facts: CATALOGUE.iter().map(fact).collect(),
        lists: versions.lists().sizes().map(list).collect(),
    })
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DraftList {
    pub items: Vec<Draft>,
    pub next: Option<String>,
    /// Whether somebody other than its author must publish a draft.
    pub second_person: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DraftsQuery {
    /// open, or all (the last 200)
    status: Option<String>,
}

/// Drafts, newest first; the open ones unless told otherwise.
#[utoipa::path(get, operation_id = "draft_list", path = "/v1/drafts", tag = "desk", params(DraftsQuery), responses((status = 200, body = DraftList)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<DraftsQuery>,
) -> Result<Json<DraftList>, ApiError> {
    let items = drafts::read_all(&app.database, query.status.as_deref() != Some("all")).await?;
    Ok(Json(DraftList { items, next: None, second_person: second_person(&app).await? }))
}

/// Whether two people may publish, so that the second one looks at what the first has written.
pub(super) async fn second_person(app: &App) -> Result<bool, ApiError> {
    Ok(store::people::who_publish(&app.database).await? > 1)
}

/// Keeps a draft for publishing.
#[utoipa::path(post, operation_id = "draft_propose", path = "/v1/drafts", tag = "desk", request_body = AskedRule,
    responses((status = 201, body = Draft), (status = 422, body = super::rules::BadExpressionBody)))]
pub async fn propose(
    State(app): State<Arc<App>>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Result<Response, ApiError> {
    person.must_publish()?;
    let asked: AskedRule = read_json(&body)?;
    let rule = asked.read(&app)?;
    if let Err(bad) = compile(&app, &rule) {
        return Ok(bad_expression(bad));
    }
    let now = app.clock.now();
    let (id, actor) = (clock::id("draft", now), person.actor());
    let draft: Result<Draft, StoreError> = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move {
                let base = tx.versions.rules.get(&rule.id).map_or(0, |rule| rule.version);
                drafts::propose(tx, &id, &rule, base, &actor, now).await
            })
        })
        .await;
    Ok((axum::http::StatusCode::CREATED, Json(draft?)).into_response())
}

/// Puts a draft in force; where two people may publish, not by its author.
#[utoipa::path(post, operation_id = "draft_publish", path = "/v1/drafts/{id}/publish", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Rule), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn publish(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
) -> Result<Json<Rule>, ApiError> {
    person.must_publish()?;
    let second = second_person(&app).await?;
    let (now, actor) = (app.clock.now(), person.actor());
    let rule = app
        .writer
        .run(Lane::Live, move |tx| {
            Box::pin(async move { drafts::publish(tx, &id, second, &actor, now).await })
        })
        .await?;
    Ok(Json(rule))
}

/// Takes a draft back.
#[utoipa::path(post, operation_id = "draft_withdraw", path = "/v1/drafts/{id}/withdraw", tag = "desk", params(("id" = String, Path)),
    responses((status = 200, body = Draft), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(person): Extension<Person>,
) -> Result<Json<Draft>, ApiError> {
    person.must_publish()?;
    let (now, actor) = (app.clock.now(), person.actor());
    let draft = app
        .writer
        .run(Lane::Live, move |tx| Box::pin(async move { drafts::withdraw(tx, &id, &actor, now).await }))
        .await?;
    Ok(Json(draft))
}
