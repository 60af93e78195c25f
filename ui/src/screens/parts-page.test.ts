import { readFileSync, readdirSync } from "node:fs";
import { render } from "@testing-library/svelte";
import axe from "axe-core";
import { expect, it, vi } from "vitest";
import Parts from "./Parts.svelte";
import PartsLook from "./PartsLook.svelte";

vi.mock("@tauri-apps/api/core", () => ({ invoke: vi.fn() }));

it("every part is named and structured for assistive technology", async () => {
  const { container } = render(PartsLook, { theme: "light", density: "dense" });
  // Colours need a real browser; the headings' order is the page's, not the sample's.
  const rules = {
    "color-contrast": { enabled: false },
    "heading-order": { enabled: false },
    region: { enabled: false },
  };
  const { violations } = await axe.run(container, { rules });
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html ?? ""}`)).toEqual([]);
});

it("shows both themes in both densities", () => {
  const { container } = render(Parts);
  const looks = [...container.querySelectorAll<HTMLElement>("[data-theme]")].map(
    ({ dataset }) => `${dataset["theme"]} ${dataset["density"]}`,
  );
  expect(looks.sort()).toEqual(["dark comfortable", "dark dense", "light comfortable", "light dense"]);
});

it("shows every part: one that is missing there is changed without being looked at", () => {
  const page = ["PartsSample.svelte", "PartsLayers.svelte"].map((name) => readFileSync(`src/screens/${name}`, "utf8"));
  const parts = readdirSync("src/parts").flatMap((name) => /^(\w+)\.svelte$/.exec(name)?.[1] ?? []);
  expect(parts.length).toBeGreaterThan(30);
  expect(parts.filter((part) => !page.some((source) => new RegExp(`<${part}[\\s/>]`).test(source)))).toEqual([]);
});
