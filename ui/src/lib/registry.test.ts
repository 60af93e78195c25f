// @vitest-environment node
import { readFileSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { ACTIONS } from "./keys";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith(".test.ts"))
  .map((name) => ({ name, text: readFileSync(`src/${name}`, "utf8") }));
const named = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

it("every action of the table is offered somewhere: else its key and its line in the palette lie", () => {
  const offering = sources.filter(({ text }) => /commands\.offer\(|\): Offers \{/.test(text));
  expect(
    ACTIONS.filter(
      (action) =>
        !offering.some(
          ({ text }) =>
            new RegExp(`^\\s+(\\.\\.\\.)?${action}:`, "m").test(text) || new RegExp(`\\{ ${action}: `).test(text),
        ),
    ),
  ).toEqual([]);
});

it("no component writes a key of its own: a changed key would be shown wrongly", () => {
  expect(named(/<Kbd[^>]*keys="|\bkeys: "(Ctrl|G) /).filter((name) => name !== "lib/keys.ts")).toEqual([]);
});

it("only keyboard.ts listens to the keys of the whole window", () => {
  expect(named(/addEventListener\("key|svelte:window[^>]*onkey/)).toEqual(["lib/keyboard.ts"]);
});
