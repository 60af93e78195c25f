/** The one form money and time take everywhere in the window. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Johannesburg keeps UTC+2 all year, so a fixed offset is exact and needs no time zone tables. */
const SAST_OFFSET_MS = 2 * HOUR;

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const pad = (n: number, width = 2): string => String(n).padStart(width, "0");

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `R2,699.33`, `-R93.86`; another currency keeps its code: `USD 12.00`. Cents in. */
export function money(cents: number, currency: string | null | undefined = "ZAR"): string {
  const whole = Math.abs(Math.trunc(cents));
  const sign = cents < 0 ? "-" : "";
  const symbol = currency === "ZAR" || currency == null ? "R" : `${currency} `;
  return `${sign}${symbol}${grouped(String(Math.floor(whole / 100)))}.${pad(whole % 100)}`;
}

/** `1,204`. */
export function count(n: number): string {
  return (n < 0 ? "-" : "") + grouped(String(Math.abs(Math.trunc(n))));
}

/** `3 alerts`, `1 alert`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `512 MB`, `1.4 GB`. */
export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = n;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : String(Math.round(value))} ${units[unit] ?? "B"}`;
}

function sast(ms: number): Date {
  return new Date(ms + SAST_OFFSET_MS);
}

function millis(time: string | number): number {
  return typeof time === "number" ? time : Date.parse(time);
}

/** `14:05:09`. */
export function timeOfDay(time: string | number): string {
  const at = sast(millis(time));
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
}

/** `2026-11-03`, the day in Johannesburg. */
export function day(time: string | number): string {
  const at = sast(millis(time));
  return `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
}

/** `2026-11-03 14:05:09 SAST`, for hovering and for records. */
export function exact(time: string | number): string {
  const at = sast(millis(time));
  if (Number.isNaN(at.getTime())) return "unknown time";
  return `${day(time)} ${timeOfDay(time)} SAST`;
}

/** `14:05` today, `Mon 14:05` within a week, `3 Nov 14:05`, `3 Nov 2025`. */
export function moment(time: string | number, now: number): string {
  const ms = millis(time);
  const at = sast(ms);
  if (Number.isNaN(at.getTime())) return "unknown time";
  const clock = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
  const today = Math.floor((now + SAST_OFFSET_MS) / DAY);
  const then = Math.floor((ms + SAST_OFFSET_MS) / DAY);
  if (then === today) return clock;
  if (Math.abs(today - then) < 7) return `${DAYS[at.getUTCDay()] ?? ""} ${clock}`;
  const date = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()] ?? ""}`;
  return at.getUTCFullYear() === sast(now).getUTCFullYear() ? `${date} ${clock}` : `${date} ${at.getUTCFullYear()}`;
}

/** A span in one unit: `4 s`, `14 min`, `3 h`, `2 d`. */
export function span(ms: number): string {
  const size = Math.max(0, ms);
  if (size < MINUTE) return `${Math.floor(size / SECOND)} s`;
  if (size < HOUR) return `${Math.floor(size / MINUTE)} min`;
  if (size < 2 * DAY) return `${Math.floor(size / HOUR)} h`;
  return `${Math.floor(size / DAY)} d`;
}

/** `4 s ago`, `in 12 min`, `now`. Clocks a second apart are called the same. */
export function relative(time: string | number, now: number): string {
  const past = now - millis(time);
  if (Number.isNaN(past)) return "unknown";
  if (Math.abs(past) < SECOND) return "now";
  return past > 0 ? `${span(past)} ago` : `in ${span(-past)}`;
}

/** The same for a narrow column, where the header already says "ago". */
export function age(time: string | number, now: number): string {
  const past = now - millis(time);
  return Number.isNaN(past) ? "" : past < SECOND ? "now" : span(past);
}

/** 08:00 in Johannesburg on the day after `now`, as the daemon wants it. */
export function tomorrowAtEight(now: number): string {
  const tomorrow = Math.floor((now + SAST_OFFSET_MS) / DAY) + 1;
  return new Date(tomorrow * DAY + 8 * HOUR - SAST_OFFSET_MS).toISOString();
}

/** `now` plus `minutes`, as the daemon wants it. */
export function minutesFrom(now: number, minutes: number): string {
  return new Date(now + minutes * MINUTE).toISOString();
}

/** The beginning of an id that nobody reads whole. */
export function shortId(id: string): string {
  const SHOWN = 10;
  return id.length <= SHOWN ? id : `${id.slice(0, SHOWN - 2)}…`;
}

/** A card as named in a sentence; one the order system never told us of has no number. */
export function cardName(card: { id: string; masked_number?: string | null | undefined }): string {
  return card.masked_number ?? `Unknown card ${shortId(card.id)}`;
}

/** `12 ms`, `0.8 ms`, `1.40 s`. */
export function duration(ms: number): string {
  if (ms >= SECOND) return `${(ms / SECOND).toFixed(2)} s`;
  return ms >= 10 || ms === 0 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** `no_open_order` as `No open order`: for ids without a name of their own. */
export function humanise(id: string): string {
  const words = id.replaceAll(/[_-]+/g, " ").trim();
  return words === "" ? "" : words.charAt(0).toUpperCase() + words.slice(1);
}
