import { fireEvent, render } from "@testing-library/svelte";
import { createRawSnippet, flushSync } from "svelte";
import { beforeEach, expect, it, vi } from "vitest";
import type { Rows } from "$lib/pages";
import { HEIGHT_MAX_PX } from "$lib/scroll-scale";
import VirtualList from "./VirtualList.svelte";

const MILLION = 1_000_000;
const ROW = 28;
const VIEW = 600;
/** In view, one cut at each edge, and the overscan of eight on both sides. */
const DRAWN_MAX = Math.ceil(VIEW / ROW) + 1 + 2 * 8;

const source: Rows<unknown> = {
  length: MILLION,
  at: (index) => (index >= 0 && index < MILLION ? `row ${index}` : undefined),
};
const row = createRawSnippet((get: () => unknown) => ({
  render: () => `<span role="gridcell">${String(get())}</span>`,
}));

beforeEach(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => VIEW });
});

function shown(selectedIndex = -1) {
  const onview = vi.fn();
  const props = {
    label: "Rows",
    rows: source,
    rowHeight: ROW,
    key: String,
    columns: "1fr",
    row,
    onview,
    selected: selectedIndex < 0 ? null : `row ${selectedIndex}`,
    selectedIndex,
  };
  const { container, rerender } = render(VirtualList, props);
  const grid = container.querySelector<HTMLElement>("[role=grid]");
  if (grid === null) throw new Error("no grid");
  const drawn = () =>
    [...grid.querySelectorAll<HTMLElement>("[aria-rowindex]")].map(
      (each) => Number(each.getAttribute("aria-rowindex")) - 1,
    );
  /** Where a row is drawn, in pixels below the top of what is in view. */
  const offsetOf = (index: number) =>
    Number.parseFloat(grid.querySelector<HTMLElement>(`[aria-rowindex="${index + 1}"]`)?.style.top ?? "") -
    grid.scrollTop;
  return {
    grid,
    drawn,
    offsetOf,
    onview,
    body: () => Number.parseFloat(grid.querySelector<HTMLElement>(".body")?.style.height ?? ""),
    select: (index: number) => rerender({ ...props, selected: `row ${index}`, selectedIndex: index }),
    scroll: async (top: number) => {
      grid.scrollTop = top;
      await fireEvent.scroll(grid);
      flushSync();
    },
  };
}

it("draws only what is in view and a little more", () => {
  const list = shown();
  expect(list.drawn().length).toBeLessThanOrEqual(DRAWN_MAX);
  expect(list.drawn()[0]).toBe(0);
});

it("stays below the height at which browsers stop", () => expect(shown().body()).toBeLessThanOrEqual(HEIGHT_MAX_PX));

it("shows the last rows after a jump to the end, at the bottom of the view", async () => {
  const list = shown();
  await list.scroll(list.body() - VIEW);
  expect(list.drawn().at(-1)).toBe(MILLION - 1);
  expect(list.drawn().length).toBeLessThanOrEqual(DRAWN_MAX);
  expect(list.offsetOf(MILLION - 1)).toBe(VIEW - ROW);
  expect(list.onview).toHaveBeenLastCalledWith(MILLION - 1 - Math.floor(VIEW / ROW), MILLION - 1);
});

it("moves exactly one row from the end, and from the middle", async () => {
  const list = shown();
  for (const start of [600_000, MILLION - 2]) {
    await list.select(start);
    expect(list.offsetOf(start)).toBeLessThanOrEqual(VIEW - ROW);
    const before = list.offsetOf(start - 3);
    await list.select(start + 1);
    expect(list.drawn()).toContain(start + 1);
    expect([0, ROW]).toContain(Math.round(before - list.offsetOf(start - 3)));
    expect(list.offsetOf(start + 1)).toBe(VIEW - ROW);
  }
});

it("comes back to the first row", async () => {
  const list = shown();
  await list.select(MILLION - 1);
  await list.select(0);
  expect([list.drawn()[0], list.offsetOf(0), list.grid.scrollTop]).toEqual([0, 0, 0]);
});

it("moves by the wheel's own pixels in the middle, so that no row is skipped", async () => {
  const list = shown();
  await list.select(500_000);
  const before = list.offsetOf(500_000);
  await list.scroll(list.grid.scrollTop + 100);
  expect(list.offsetOf(500_000)).toBe(before - 100);
});
