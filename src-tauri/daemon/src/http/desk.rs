//! The desk listener: everything people see and do.

use super::Json;
use super::{
    access, alerts, authorizations, cards, drafts, events, export, health, keys, lists, messages, partner,
    people, records, replays, reports, rules, settings, test_clock,
};
use crate::app::App;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(info(
    title = "Cartwarden desk API",
    version = "1",
    description = "For the window and other tools of the desk, on this machine only."
))]
struct Document;

fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::status))
        .routes(routes!(health::feed))
        .routes(routes!(health::card_logs))
        .routes(routes!(people::sign_in))
        .routes(routes!(people::add))
        .routes(routes!(events::stream))
        .routes(routes!(cards::list))
        .routes(routes!(cards::get))
        .routes(routes!(cards::deactivate))
        .routes(routes!(cards::activate))
        .routes(routes!(cards::confirm_hold))
        .routes(routes!(cards::history))
        .routes(routes!(authorizations::list))
        .routes(routes!(authorizations::get))
        .routes(routes!(authorizations::bank_events))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::get))
        .routes(routes!(alerts::disposition))
        .routes(routes!(alerts::assign))
        .routes(routes!(alerts::snooze))
        .routes(routes!(alerts::add_note))
        .routes(routes!(alerts::reopen))
        .routes(routes!(rules::list))
        .routes(routes!(rules::versions))
        .routes(routes!(rules::put))
        .routes(routes!(rules::statistics))
        .routes(routes!(drafts::check))
        .routes(routes!(drafts::vocabulary))
        .routes(routes!(drafts::list, drafts::propose))
        .routes(routes!(drafts::publish))
        .routes(routes!(drafts::withdraw))
        .routes(routes!(replays::start, replays::list))
        .routes(routes!(replays::get))
        .routes(routes!(replays::cancel))
        .routes(routes!(lists::list))
        .routes(routes!(lists::put, lists::delete))
        .routes(routes!(lists::entries, lists::change))
        .routes(routes!(lists::import))
        .routes(routes!(export::alerts))
        .routes(routes!(export::cards))
        .routes(routes!(export::authorizations))
        .routes(routes!(settings::get, settings::patch))
        .routes(routes!(messages::list))
        .routes(routes!(messages::resend))
        .routes(routes!(messages::test_message))
        .routes(routes!(messages::notifications))
        .routes(routes!(messages::shown))
        .routes(routes!(keys::list, keys::add))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::audit_log))
        .routes(routes!(records::list))
        .routes(routes!(records::get))
        .routes(routes!(reports::report))
        .routes(routes!(test_clock::set))
        .layer(DefaultBodyLimit::max(partner::BODY_BYTES_MAX))
}

/// The routes behind the guard, with the document that describes them.
pub fn router(app: Arc<App>) -> axum::Router {
    let (router, document) = described().split_for_parts();
    router
        .route("/v1/openapi.json", axum::routing::get(async move || Json(document.clone())))
        .fallback(partner::nowhere)
        .layer(middleware::from_fn_with_state(app.clone(), access::desk_guard))
        .layer(middleware::from_fn(partner::plain_errors))
        .with_state(app)
}

/// The OpenAPI 3.1 document alone.
pub fn document() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}
