import { describe, expect, it } from "vitest";
import { HEIGHT_MAX_PX, bodyHeight, needsSettling, revealing, scrollAt, scrolledTo } from "./scroll-scale";

const ROW = 28;
const long = { total: 1_000_000 * ROW, view: 600 };
const short = { total: 1_000 * ROW, view: 600 };

it("never lays out more than a browser can", () => {
  expect([bodyHeight(short), bodyHeight(long)]).toEqual([28_000, HEIGHT_MAX_PX]);
});
it("is plain for a list that fits", () => {
  expect(scrolledTo(12_345, { physical: 0, logical: 0 }, short)).toEqual({ physical: 12_345, logical: 12_345 });
  expect(needsSettling({ physical: 3, logical: 3 }, short)).toBe(false);
});

describe("a list too long", () => {
  it("moves by a wheel's pixels, not by their multiple: else rows would be skipped", () => {
    const start = scrollAt(14_000_000, long);
    expect(scrolledTo(start.physical + 100, start, long).logical).toBe(14_000_100);
  });
  it("reaches both ends by dragging", () => {
    const middle = scrollAt(14_000_000, long);
    expect(scrolledTo(HEIGHT_MAX_PX - long.view, middle, long).logical).toBe(long.total - long.view);
    expect(scrolledTo(0, middle, long).logical).toBe(0);
    expect(Math.round(scrolledTo(HEIGHT_MAX_PX / 2, scrollAt(0, long), long).logical / 1_000_000)).toBe(14);
  });
  it("reaches the last row by steps alone", () => {
    let scroll = scrollAt(long.total - 10_000_000, long);
    for (let steps = 0; steps < 100_000 && scroll.logical < long.total - long.view; steps += 1) {
      const stepped = scrolledTo(scroll.physical + 150, scroll, long);
      expect(stepped.logical - scroll.logical).toBeLessThanOrEqual(150);
      scroll = needsSettling(stepped, long) ? scrollAt(stepped.logical, long) : stepped;
    }
    expect(scroll.logical).toBe(long.total - long.view);
  });
  it("reaches the first row by steps alone", () => {
    let scroll = scrollAt(5_000_000, long);
    for (let steps = 0; steps < 100_000 && scroll.logical > 0; steps += 1) {
      const stepped = scrolledTo(scroll.physical - 150, scroll, long);
      expect(scroll.logical - stepped.logical).toBeLessThanOrEqual(150);
      scroll = needsSettling(stepped, long) ? scrollAt(stepped.logical, long) : stepped;
    }
    expect(scroll.logical).toBe(0);
  });
  it("shows one row more when the selection leaves the view by one", () => {
    const top = scrollAt(700_000 * ROW, long);
    const below = 700_000 * ROW + 600;
    expect(revealing(below, ROW, top, long).logical).toBe(700_001 * ROW);
    expect(revealing(700_000 * ROW - ROW, ROW, top, long).logical).toBe(699_999 * ROW);
    expect(revealing(700_003 * ROW, ROW, top, long)).toBe(top);
  });
});
