// @vitest-environment node
import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

const here = new URL("./", import.meta.url);

it("schema.d.ts is what `npm run generate` makes of openapi.json: otherwise the types check against another API", async () => {
  const ast = await openapiTS(new URL("openapi.json", here), { alphabetize: true });
  const written = readFileSync(new URL("schema.d.ts", here), "utf8");
  expect(written.endsWith(astToString(ast))).toBe(true);
});
