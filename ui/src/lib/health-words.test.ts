import { expect, it } from "vitest";
import type { FeedHealth } from "./api/client";
import { QUIET_MS, healthWords } from "./health-words";

const NOW = Date.parse("2026-11-17T08:00:00Z");
const channel = { configured: false, pending: 0, dead: 0, last_delivered_at: null, last_error: null };
function health(lastSwipeBackMs: number | null, failing: string | null = null): FeedHealth {
  return {
    last_swipe_at: lastSwipeBackMs === null ? null : new Date(NOW - lastSwipeBackMs).toISOString(),
    last_after_at: null,
    last_ingest_at: null,
    open_feed_gaps: 0,
    unmatched_events: 0,
    stand_ins_24h: 0,
    late_answers_24h: 0,
    swipes_24h: 0,
    declines_24h: 0,
    simulated_24h: 0,
    latency: { count: 0, p50_ms: 0, p99_ms: 0, max_ms: 0 },
    writer: { live_depth: 0, bulk_depth: 0, failing, stand_ins_unrecorded: 0 },
    storage: { engine: "sqlite", synchronous: "full", database_bytes: 0 },
    slack: channel,
    shopper_webhook: channel,
    native: channel,
  };
}

it.each<[string, FeedHealth | null, boolean, string, string]>([
  ["a live feed", health(4_000), false, "last swipe 4 s ago", "good"],
  ["a quiet feed", health(QUIET_MS + 240_000), false, "last swipe 14 min ago", "warning"],
  ["a new desk", health(null), false, "no swipe yet", "neutral"],
  ["a full disk", health(4_000, "disk full"), false, "not recording: disk full", "critical"],
  ["a dead daemon", health(4_000), true, "daemon not answering", "critical"],
  ["no answer yet", null, false, "asking the daemon", "neutral"],
])("%s", (_name, feed, down, text, tone) => expect(healthWords(feed, NOW, down)).toEqual({ text, tone }));
