import { expect, it } from "vitest";
import { neighbour } from "./selection";

const rows = ["a", "b", "c"];
const id = (row: string) => row;

it.each<[string | null, 1 | -1, string]>([
  [null, 1, "a"],
  [null, -1, "c"],
  ["a", 1, "b"],
  ["c", 1, "c"],
  ["a", -1, "a"],
  ["gone", 1, "a"],
])("from %s by %i is %s", (from, by, to) => expect(neighbour(rows, from, by, id)).toBe(to));
it("has nowhere to go in an empty list", () => expect(neighbour([], null, 1, id)).toBe(null));
