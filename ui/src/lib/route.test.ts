import { describe, expect, it } from "vitest";
import { formatRoute, oneOf, parseRoute, withQuery } from "./route";

describe("addresses", () => {
  it.each([
    ["", "cards", ""],
    ["#", "cards", ""],
    ["#/", "cards", ""],
    ["#/alerts", "alerts", ""],
    ["#/card/card_1", "card", "card_1"],
    ["#/card", "cards", ""],
    ["#/card/a%2Fb%20c", "card", "a/b c"],
    ["#/card/%E0%A4%A", "card", "%E0%A4%A"],
    ["#/nonsense", "unknown", ""],
  ])("%s", (hash, screen, id) => expect(parseRoute(hash)).toMatchObject({ screen, id }));

  it("hold filters and selection", () =>
    expect(parseRoute("#/alerts?status=open&id=alr_1&q=").query).toEqual({ status: "open", id: "alr_1" }));
  it("come back the same", () => {
    const hash = formatRoute("card", "a/b c", { tab: "charts", q: "Makro & co" });
    expect(parseRoute(hash)).toEqual({ screen: "card", id: "a/b c", query: { tab: "charts", q: "Makro & co" } });
  });
  it("change only what is asked, and drop what is emptied", () => {
    const route = parseRoute("#/alerts?status=resolved&id=alr_1");
    expect(withQuery(route, { id: "alr_2" })).toBe("#/alerts?id=alr_2&status=resolved");
    expect(withQuery(route, { id: null, status: "" })).toBe("#/alerts");
  });
  it("refuse values nobody offered", () => {
    expect([
      oneOf("open", ["open"] as const),
      oneOf("gone", ["open"] as const),
      oneOf(undefined, ["open"] as const),
    ]).toEqual(["open", undefined, undefined]);
  });
});
