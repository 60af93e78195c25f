import { expect, it } from "vitest";
import { actor, auditAction, noOrder, reasonName, timelineText } from "./words";

it.each([
  ["user:local-admin", "local-admin"],
  ["user:o:neil", "o:neil"],
  ["rule:no_open_order", "Rule: no open order"],
  ["rule:feed_gap", "Rule: feed fault"],
  ["system", "Cartwarden"],
  ["someone", "someone"],
])("%s is shown as %s", (code, shown) => expect(actor(code)).toBe(shown));

it("calls a gap in the feed a fault of the feed, never a suspicion", () =>
  expect([
    reasonName({ rule: "feed_gap", rule_name: "Feed gap" }),
    reasonName({ rule: "foreign", rule_name: "Foreign swipe" }),
  ]).toEqual(["Feed fault", "Foreign swipe"]));

it("says what happened to a card in words, known or not", () =>
  expect([auditAction("card_deactivated"), auditAction("card_seen")]).toEqual(["Deactivated", "Card seen"]));

it("puts the kind before a text that does not say it", () =>
  expect([
    timelineText({ kind: "explained", text: "Covered by an order." }),
    timelineText({ kind: "assigned", text: "Assigned to thabo" }),
    timelineText({ kind: "reopened", text: "Reopened: undone" }),
  ]).toEqual(["Explained: Covered by an order.", "Assigned to thabo", "Reopened: undone"]));

it("does not blame a shopper where none is known", () => {
  expect(noOrder({ shopper: null })).toContain("No shopper is known");
  expect(noOrder({ shopper: { id: "s", name: "S" } })).toContain("No order of this shopper");
});
