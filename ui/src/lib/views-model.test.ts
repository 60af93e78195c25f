import { expect, it } from "vitest";
import { parseRoute } from "./route";
import {
  addView,
  isShown,
  moveView,
  nameFault,
  openingAddress,
  renameView,
  setStandard,
  viewQuery,
  viewsFrom,
  type SavedView,
} from "./views-model";

const view = (id: string, screen: "cards" | "alerts" = "alerts", query = {}): SavedView => ({
  id,
  screen,
  name: `View ${id}`,
  query,
  standard: false,
});
const three = [view("a", "alerts", { severity: "critical" }), view("b", "cards"), view("c", "alerts", { mine: "1" })];
const ids = (views: readonly SavedView[]) => views.map(({ id }) => id).join("");

it("keeps filters and sort of an address, not the selected row", () => {
  const { query } = parseRoute("#/alerts?severity=critical&id=alr_1&mine=1");
  expect(viewQuery("alerts", query)).toEqual({ severity: "critical", mine: "1" });
  expect(viewQuery("cards", { sort: "open_alerts", id: "c1", tab: "x" })).toEqual({ sort: "open_alerts" });
});
it("is shown when the address says so, whatever is selected", () => {
  const shown = (hash: string) => three.filter((each) => isShown(each, parseRoute(hash))).map(({ id }) => id);
  expect([shown("#/alerts?id=alr_9&severity=critical"), shown("#/alerts?severity=info"), shown("#/cards")]).toEqual([
    ["a"],
    [],
    ["b"],
  ]);
});
it("moves among the views of its own screen", () => {
  expect([ids(moveView(three, "c", -1)), ids(moveView(three, "a", -1)), ids(moveView(three, "b", 1))]).toEqual([
    "cba",
    "abc",
    "abc",
  ]);
});
it("has one standard view a screen", () => {
  const first = setStandard(three, "a", true);
  const second = setStandard(setStandard(first, "b", true), "c", true);
  expect(second.filter(({ standard }) => standard).map(({ id }) => id)).toEqual(["b", "c"]);
  expect([openingAddress(second, "alerts"), openingAddress(three, "alerts")]).toEqual(["#/alerts?mine=1", "#/alerts"]);
  expect(openingAddress(setStandard(second, "c", false), "alerts")).toBe("#/alerts");
});
it("refuses an empty, long or taken name", () => {
  expect(nameFault(three, "alerts", " view A ")).toBe("Another view has this name.");
  expect(nameFault(three, "alerts", "view a", "a")).toBe(null);
  expect([nameFault(three, "cards", "View a"), nameFault(three, "alerts", " ")]).toEqual([null, "A name is needed."]);
  expect(nameFault(three, "alerts", "x".repeat(41))).not.toBe(null);
});
it("renames and adds", () => {
  expect(renameView(three, "b", " Now ")[1]?.name).toBe("Now");
  expect(ids(addView(three, view("d")))).toBe("abcd");
});
it("survives stores of other versions", () => {
  expect(viewsFrom(JSON.parse(JSON.stringify(three)))).toEqual(three);
  expect([viewsFrom(null), viewsFrom([3, {}, { ...three[0], screen: "x" }, { ...three[0], query: null }])]).toEqual([
    [],
    [],
  ]);
  expect(viewsFrom([{ ...three[0], query: { severity: 3, mine: "1", id: "x" } }])[0]?.query).toEqual({ mine: "1" });
});
