import { describe, expect, it } from "vitest";
import {
  age,
  bytes,
  cardName,
  count,
  duration,
  exact,
  humanise,
  minutesFrom,
  moment,
  money,
  plural,
  relative,
  span,
  tomorrowAtEight,
} from "./format";

const NOW = Date.parse("2026-11-17T08:12:30.000Z");

describe("money: a wrong sign or separator misstates what is at stake", () => {
  it.each([
    [269_933, "ZAR", "R2,699.33"],
    [-9_386, "ZAR", "-R93.86"],
    [0, "ZAR", "R0.00"],
    [5, undefined, "R0.05"],
    [100, null, "R1.00"],
    [99_999, "ZAR", "R999.99"],
    [100_000, "ZAR", "R1,000.00"],
    [123_456_789_01, "ZAR", "R123,456,789.01"],
    [1_200, "USD", "USD 12.00"],
    [-1_200, "USD", "-USD 12.00"],
  ])("%i %s is %s", (cents, currency, text) => expect(money(cents, currency)).toBe(text));
});

describe("counts", () => {
  it("groups thousands", () => expect([count(1_204), count(-1_204), count(7)]).toEqual(["1,204", "-1,204", "7"]));
  it("knows one from many", () =>
    expect([plural(1, "alert"), plural(0, "alert"), plural(2, "entry", "entries")]).toEqual([
      "1 alert",
      "0 alerts",
      "2 entries",
    ]));
  it("says sizes", () =>
    expect([bytes(0), bytes(1_400_000_000), bytes(48e9), bytes(512)]).toEqual(["0 B", "1.4 GB", "48 GB", "512 B"]));
});

describe("time: always Johannesburg, never the machine's zone", () => {
  it("shows the exact time with its zone", () =>
    expect(exact("2026-11-17T22:30:05.900Z")).toBe("2026-11-18 00:30:05 SAST"));
  it("survives a broken time", () =>
    expect([exact("x"), moment("x", NOW), relative("x", NOW), age("x", NOW)]).toEqual([
      "unknown time",
      "unknown time",
      "unknown",
      "",
    ]));
  it.each([
    ["2026-11-17T08:00:00Z", "10:00"],
    ["2026-11-16T22:00:00Z", "00:00"],
    ["2026-11-16T21:59:00Z", "Mon 23:59"],
    ["2026-11-03T08:00:00Z", "3 Nov 10:00"],
    ["2025-11-03T08:00:00Z", "3 Nov 2025"],
  ])("%s is %s", (time, text) => expect(moment(time, NOW)).toBe(text));
  it.each([
    [0, "now"],
    [999, "now"],
    [4_000, "4 s ago"],
    [59_999, "59 s ago"],
    [14 * 60_000, "14 min ago"],
    [3 * 3_600_000, "3 h ago"],
    [47 * 3_600_000, "47 h ago"],
    [48 * 3_600_000, "2 d ago"],
    [-12 * 60_000, "in 12 min"],
  ])("%i ms back is %s", (back, text) => expect(relative(NOW - back, NOW)).toBe(text));
  it("shortens for a column", () => expect([age(NOW - 4_000, NOW), age(NOW + 500, NOW)]).toEqual(["4 s", "now"]));
  it("has no negative span", () => expect(span(-5)).toBe("0 s"));
});

describe("snoozing", () => {
  it("wakes at 08:00 in Johannesburg tomorrow", () => expect(tomorrowAtEight(NOW)).toBe("2026-11-18T06:00:00.000Z"));
  it("counts tomorrow from the Johannesburg day", () =>
    expect(tomorrowAtEight(Date.parse("2026-11-17T22:30:00Z"))).toBe("2026-11-19T06:00:00.000Z"));
  it("adds minutes", () => expect(minutesFrom(NOW, 15)).toBe("2026-11-17T08:27:30.000Z"));
});

describe("cards without a number", () => {
  it("are unknown, with the beginning of their id", () =>
    expect([
      cardName({ id: "c1", masked_number: "422254XXXXXX7072" }),
      cardName({ id: "99001573", masked_number: null }),
      cardName({ id: "edf6cc58fd616ca87aaefff3a2793c80", masked_number: null }),
    ]).toEqual(["422254XXXXXX7072", "Unknown card 99001573", "Unknown card edf6cc58…"]));
});

it("gives a duration the digits it deserves", () =>
  expect([0, 0.84, 9.96, 34.2, 1_400].map(duration)).toEqual(["0 ms", "0.8 ms", "10.0 ms", "34 ms", "1.40 s"]));

it("makes words of an id", () =>
  expect([humanise("no_open_order"), humanise("local-admin"), humanise("")]).toEqual([
    "No open order",
    "Local admin",
    "",
  ]));
