import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DaemonError } from "./api/errors";
import { REFETCH_MS } from "./coalesce";
import { LiveList, type Page } from "./live-list.svelte";

interface Row {
  id: string;
  at: string;
  text?: string;
}
let rows: Row[] = [];
let failing = false;
const row = (n: number): Row => ({ id: `r${n}`, at: String(n).padStart(4, "0") });

function listOf(limit = 3): LiveList<Row, { q?: string }, Page<Row>> {
  return new LiveList<Row, { q?: string }, Page<Row>>({
    id: (each) => each.id,
    rank: (each) => each.at,
    page: async (_query, cursor) => {
      if (failing) throw new DaemonError("daemon_down", "The daemon is not answering.", 0);
      const from = Number(cursor ?? 0);
      const next = from + limit < rows.length ? String(from + limit) : null;
      return { items: rows.slice(from, from + limit), next };
    },
    one: async (id) => rows.find((each) => each.id === id) ?? Promise.reject(new DaemonError("unknown", "", 404)),
  });
}
const rest = () => vi.advanceTimersByTimeAsync(REFETCH_MS * 2);
const ids = (list: ReturnType<typeof listOf>) =>
  list.state.rows
    .here()
    .map((each) => each.id)
    .join(" ");

beforeEach(() => {
  vi.useFakeTimers();
  failing = false;
  rows = [row(3), row(2), row(1)];
});
afterEach(() => vi.useRealTimers());

describe("a live list", () => {
  it("shows a new row by itself while untouched", async () => {
    const list = listOf();
    list.follow({});
    await rest();
    rows = [row(4), ...rows];
    list.changed();
    await rest();
    expect(ids(list)).toBe("r4 r3 r2");
  });

  it.each<[string, (list: ReturnType<typeof listOf>) => void, (list: ReturnType<typeof listOf>) => void]>([
    ["selected", (list) => list.select("r2"), (list) => list.select(null)],
    ["scrolled", (list) => list.scrolledTo(40), (list) => list.scrolledTo(0)],
    ["under the pointer", (list) => list.pointerMoved(), (list) => list.pointerLeft()],
  ])("holds still while %s, and shows the rest when let go", async (_name, hold, release) => {
    const list = listOf(10);
    list.follow({});
    await rest();
    hold(list);
    rows = [row(5), row(4), ...rows];
    list.changed();
    await rest();
    expect([ids(list), list.waiting]).toEqual(["r3 r2 r1", 2]);
    release(list);
    expect([ids(list), list.waiting]).toEqual(["r5 r4 r3 r2 r1", 0]);
  });

  it("keeps its rows and says since when, if the daemon goes away", async () => {
    const list = listOf();
    list.follow({});
    await rest();
    failing = true;
    list.changed();
    await rest();
    expect([ids(list), list.error?.code, list.asOf !== null]).toEqual(["r3 r2 r1", "daemon_down", true]);
    failing = false;
    list.changed();
    await rest();
    expect(list.error).toBe(null);
  });

  it("brings a changed row beyond the first page up to date", async () => {
    rows = [row(6), row(5), row(4), row(3), row(2)];
    const list = listOf();
    list.follow({});
    await rest();
    list.select("r6");
    await list.more();
    expect(ids(list)).toBe("r6 r5 r4 r3 r2");
    rows = rows.map((each) => (each.id === "r2" ? { ...each, text: "decided" } : each));
    list.changed("r2");
    await rest();
    expect(list.find("r2")?.text).toBe("decided");
  });

  it("steps past the end of what is loaded by fetching the next page", async () => {
    rows = [row(4), row(3), row(2), row(1)];
    const list = listOf(2);
    list.follow({});
    await rest();
    expect([await list.step(null, 1), await list.step("r4", 1), await list.step("r4", -1)]).toEqual(["r4", "r3", "r4"]);
    expect(await list.step("r3", 1)).toBe("r2");
    expect([await list.step("r2", 1), await list.step("r1", 1)]).toEqual(["r1", "r1"]);
  });

  it("starts again for another query and ignores the late answer of the old one", async () => {
    const list = listOf();
    list.follow({ q: "a" });
    list.follow({ q: "b" });
    expect(ids(list)).toBe("");
    await rest();
    expect(ids(list)).toBe("r3 r2 r1");
  });
});
