import { expect, it } from "vitest";
import { fuzzyScore } from "./fuzzy";

const best = (typed: string, texts: string[]) =>
  texts
    .flatMap((text) => {
      const score = fuzzyScore(typed, text);
      return score === null ? [] : [{ text, score }];
    })
    .sort((a, b) => b.score - a.score)
    .map(({ text }) => text);

it("prefers words' beginnings and letters in a row", () =>
  expect(best("deac", ["Undo the last decision", "Deactivate card", "Reactivate card"])).toEqual(["Deactivate card"]));
it("finds by initials", () =>
  expect(best("fp", ["Confirmed fraud", "False positive", "Open the previous"])[0]).toBe("False positive"));
it("takes words in any order", () => expect(best("card live", ["Live cards", "Alerts"])).toEqual(["Live cards"]));
it("does not find letters strewn about", () =>
  expect(best("dkn", ["Deactivate every card of this shopper known to us"])).toEqual([]));
it("prefers the shorter of two equal matches", () =>
  expect(best("snooze", ["Snooze until tomorrow", "Snooze"])[0]).toBe("Snooze"));
it("everything answers to nothing typed", () => expect(best("", ["a", "b"]).length).toBe(2));
