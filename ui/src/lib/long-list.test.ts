import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { REFETCH_MS } from "./coalesce";
import { LiveList, type Page } from "./live-list.svelte";
import { KEPT_ROWS, Pages } from "./pages";

interface Row {
  id: string;
  at: string;
}
const MILLION = 1_000_000;
const PAGE = 100;
/** The pages near the view, one more at each edge, and the first one. */
const HERE_MAX = 2 * KEPT_ROWS + 4 * PAGE;
const row = (index: number): Row => ({ id: `r${index}`, at: String(MILLION - index).padStart(8, "0") });
let asked: string[] = [];

function million(): LiveList<Row, object, Page<Row>> {
  return new LiveList<Row, object, Page<Row>>({
    id: (each) => each.id,
    rank: (each) => each.at,
    page: async (_query, cursor) => {
      asked.push(cursor ?? "first");
      const from = Number(cursor ?? 0);
      const next = from + PAGE < MILLION ? String(from + PAGE) : null;
      return { items: Array.from({ length: Math.min(PAGE, MILLION - from) }, (_, index) => row(from + index)), next };
    },
    one: async (id) => row(Number(id.slice(1))),
  });
}
const here = (list: ReturnType<typeof million>) => list.state.rows.here().length;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
});
afterEach(() => vi.useRealTimers());

async function scrolledTo(rows: number): Promise<ReturnType<typeof million>> {
  const list = million();
  list.follow({});
  await vi.advanceTimersByTimeAsync(REFETCH_MS);
  let selected: string | null = null;
  for (let at = 0; at < rows; at += 1) {
    selected = await list.step(selected, 1);
    list.select(selected);
    if (at % 20 === 0) list.view(Math.max(0, at - 10), at + 10);
  }
  await vi.advanceTimersByTimeAsync(0);
  return list;
}

it("a held J goes on through 20,000 rows one by one, and few rows stay in memory", async () => {
  const list = await scrolledTo(20_000);
  expect(list.selected).toBe("r19999");
  expect(list.state.rows.length).toBeGreaterThanOrEqual(20_000);
  expect(here(list)).toBeLessThanOrEqual(HERE_MAX);
  expect(list.state.settled.size).toBeLessThanOrEqual(HERE_MAX);
  expect(new Set(asked).size).toBe(asked.length);
});

it("scrolling back fetches what was dropped, in its place", async () => {
  const list = await scrolledTo(5_000);
  const length = list.state.rows.length;
  expect(list.state.rows.at(2_000)).toBe(undefined);
  list.view(2_000, 2_020);
  await vi.advanceTimersByTimeAsync(0);
  expect([list.state.rows.at(2_000)?.id, list.state.rows.at(2_020)?.id]).toEqual(["r2000", "r2020"]);
  expect([list.state.rows.length, list.state.rows.at(4_900)]).toEqual([length, undefined]);
});

it("J after scrolling far away goes on from the selected row, which had been dropped", async () => {
  const list = await scrolledTo(5_000);
  list.view(0, 20);
  expect([list.find("r4999"), list.indexOf("r4999")]).toEqual([undefined, 4_999]);
  expect(await list.step("r4999", 1)).toBe("r5000");
});

it("End, Home and screens move as far as they say", async () => {
  const list = await scrolledTo(1_000);
  const end = list.state.rows.length - 1;
  expect([await list.step("r500", "last"), await list.step("r500", "first")]).toEqual([`r${end}`, "r0"]);
  expect([await list.step("r500", 20), await list.step("r500", -20), await list.step("r5", -20)]).toEqual([
    "r520",
    "r480",
    "r0",
  ]);
  expect(await list.step(`r${end}`, 1)).toBe(`r${end + 1}`);
});

it("does not call rows of dropped pages new when they slide up to the first", async () => {
  const list = await scrolledTo(3_000);
  expect(list.waiting).toBe(0);
  list.state = { ...list.state, latest: [...list.state.latest.slice(1), row(PAGE)] };
  expect(list.waiting).toBe(0);
});

it("pages find rows at their borders", () => {
  let pages = Pages.of([0, 1, 2]).append([3, 4], "a").append([5], "b");
  expect(Array.from({ length: 8 }, (_, index) => pages.at(index))).toEqual([0, 1, 2, 3, 4, 5, undefined, undefined]);
  expect([pages.at(-1), pages.pageAt(3), pages.pageAt(5), pages.findIndex((n) => n === 4)]).toEqual([
    undefined,
    1,
    2,
    4,
  ]);
  pages = pages.keepNear(2_000, 2_010);
  expect([pages.at(0), pages.at(3), pages.length, pages.missingAt(3)]).toEqual([
    0,
    undefined,
    6,
    { number: 1, cursor: "a" },
  ]);
  expect([pages.fill(1, [3]).at(4), pages.fill(1, [3]).length]).toEqual([undefined, 5]);
});
