/** The feed's health, said in words. */
import type { FeedHealth } from "./api/client";
import { relative } from "./format";
import type { Tone } from "./words";

/** A feed silent for longer than this is worth a look in a trading day. */
export const QUIET_MS = 10 * 60 * 1_000;

export interface HealthWords {
  text: string;
  tone: Tone;
}

export function healthWords(health: FeedHealth | null, now: number, down: boolean): HealthWords {
  if (down) return { text: "daemon not answering", tone: "critical" };
  if (health === null) return { text: "asking the daemon", tone: "neutral" };
  if (health.writer.failing != null) return { text: `not recording: ${health.writer.failing}`, tone: "critical" };
  if (health.last_swipe_at == null) return { text: "no swipe yet", tone: "neutral" };
  const text = `last swipe ${relative(health.last_swipe_at, now)}`;
  return { text, tone: now - Date.parse(health.last_swipe_at) > QUIET_MS ? "warning" : "good" };
}
