// @vitest-environment node
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("schema.d.ts is what `npm run generate` makes of the daemon's document: otherwise the types check against another API", () => {
  const made = execFileSync("node_modules/.bin/openapi-typescript", ["../tests/fixtures/desk-openapi.json"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  expect(readFileSync("src/lib/api/schema.d.ts", "utf8")).toBe(made);
});
