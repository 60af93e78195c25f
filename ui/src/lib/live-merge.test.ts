import { describe, expect, it } from "vitest";
import { appendPage, emptyRows, mergePage, settle, updateRow, waitingCount, type Ranked } from "./live-merge";
import { Pages } from "./pages";

interface Row {
  id: string;
  at: string;
  text: string;
}
const of: Ranked<Row> = { id: (row) => row.id, rank: (row) => row.at };
const row = (n: number, text = "", at = n): Row => ({ id: `r${n}`, at: String(at).padStart(3, "0"), text });
const ids = (rows: Pages<Row>) =>
  rows
    .here()
    .map((each) => each.id)
    .join(" ");

describe("a held list does not jump", () => {
  const start = settle([row(3), row(2), row(1)], null, of);

  it("keeps new rows waiting and counts them", () => {
    const held = mergePage(start, [row(5), row(4), row(3), row(2), row(1)], null, true, of);
    expect(ids(held.rows)).toBe("r3 r2 r1");
    expect(waitingCount(held, of)).toBe(2);
  });
  it("updates rows in place", () => {
    const held = mergePage(start, [row(4), row(3), row(2, "decided"), row(1)], null, true, of);
    expect(ids(held.rows)).toBe("r3 r2 r1");
    expect(held.rows.at(1)?.text).toBe("decided");
  });
  it("does not reorder a row that rose, but counts it", () => {
    const held = mergePage(start, [row(1, "", 9), row(3), row(2)], null, true, of);
    expect(ids(held.rows)).toBe("r3 r2 r1");
    expect(waitingCount(held, of)).toBe(1);
  });
  it("leaves a row that left the filter in its place, marked", () => {
    const held = mergePage(start, [row(3), row(1)], null, true, of);
    expect(ids(held.rows)).toBe("r3 r2 r1");
    expect([...held.gone]).toEqual(["r2"]);
  });
  it("does not call a row gone when the page is only the beginning", () => {
    expect(mergePage(start, [row(5), row(4)], "more", true, of).gone.size).toBe(0);
  });
  it("does not count a row that merely slid up the page", () => {
    const page = settle([row(9), row(8)], "more", of);
    expect(waitingCount(mergePage(page, [row(8), row(7)], "more", true, of), of)).toBe(0);
  });
  it("shows what waited when it is let go", () => {
    const held = mergePage(start, [row(4), row(3), row(2), row(1)], null, true, of);
    const shown = settle(held.latest, held.latestNext, of);
    expect(ids(shown.rows)).toBe("r4 r3 r2 r1");
    expect(waitingCount(shown, of)).toBe(0);
  });
});

describe("an untouched list follows the daemon", () => {
  it("shows new rows at once", () => {
    const shown = mergePage(settle([row(1)], null, of), [row(2), row(1)], null, false, of);
    expect(ids(shown.rows)).toBe("r2 r1");
    expect(waitingCount(shown, of)).toBe(0);
  });
  it("starts empty with nothing waiting", () => expect(waitingCount(emptyRows<Row>(), of)).toBe(0));
});

describe("pages", () => {
  const first = settle([row(4), row(3)], "c1", of);
  it("append, never twice", () => {
    const more = appendPage(first, [row(3, "newer"), row(2)], null, of);
    expect(ids(more.rows)).toBe("r4 r3 r2");
    expect(more.rows.at(1)?.text).toBe("newer");
    expect(more.next).toBe(null);
  });
  it("of older rows do not count as new", () => {
    expect(waitingCount(appendPage(first, [row(2), row(1)], null, of), of)).toBe(0);
  });
  it("take one row's newer content wherever it is", () => {
    const more = updateRow(appendPage(first, [row(2)], null, of), row(2, "x"), of);
    expect(more.rows.at(2)?.text).toBe("x");
  });
});
