import { expect, it } from "vitest";
import type { Command } from "./commands.svelte";
import { ranked } from "./palette";

const command = (id: string, label: string, why?: string): Command => ({
  id,
  label,
  group: "Decide",
  why,
  run: () => undefined,
});
const all = [
  command("down", "Next row"),
  command("snooze", "Snooze"),
  command("snooze.15", "Snooze: 15 min"),
  command("note", "Note"),
  command("reopen", "Reopen", "Not resolved"),
];
const ids = (typed: string, recent: string[] = []) => ranked(all, typed, recent).map(({ id }) => id);

it("with nothing typed shows what was used lately, then the rest, then what cannot be done", () => {
  expect(ids("", ["note"])).toEqual(["note", "snooze", "snooze.15", "reopen"]);
  expect(ids("", ["snooze.15", "note"]).slice(0, 2)).toEqual(["snooze.15", "note"]);
});
it("finds by a few letters, lately used first among near matches", () => {
  expect(ids("snz")).toEqual(["snooze", "snooze.15"]);
  expect(ids("snz", ["snooze.15"])[0]).toBe("snooze.15");
  expect(ids("15", ["note"])).toEqual(["snooze.15"]);
});
it("keeps what cannot be done findable, with its reason", () =>
  expect(ranked(all, "reop", [])[0]?.why).toBe("Not resolved"));
it("leaves out moving by rows", () => expect(ids("next")).toEqual([]));
