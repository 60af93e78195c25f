//! Server-sent events: what changed, never what it says.

use crate::app::App;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use store::Tag;
use tokio_stream::wrappers::BroadcastStream;

/// Often enough that a dead connection is noticed within a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A line for every change: `{"kind":"alert","id":"..."}`; kind `lagged` means refetch everything.
#[utoipa::path(get, operation_id = "events_stream", path = "/v1/events", tag = "desk",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn stream(State(app): State<Arc<App>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let tags = BroadcastStream::new(app.writer.subscribe()).map(|tag| {
        let tag = tag.unwrap_or_else(|_| Tag::new("lagged", ""));
        let data = serde_json::to_string(&tag).unwrap_or_default();
        Ok(Event::default().data(data))
    });
    // The first line tells a client that nothing before it was missed.
    let hello = futures_util::stream::once(async { Ok(Event::default().comment("connected")) });
    Sse::new(hello.chain(tags)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
