import { render } from "@testing-library/svelte";
import axe from "axe-core";
import { expect, it, vi } from "vitest";
import PartsSample from "./PartsSample.svelte";

vi.mock("@tauri-apps/api/core", () => ({ invoke: vi.fn() }));

it("every part is named and structured for assistive technology", async () => {
  const { container } = render(PartsSample, { density: "dense" });
  // Colours need a real browser; the headings' order is the page's, not the sample's.
  const rules = { "color-contrast": { enabled: false }, "heading-order": { enabled: false }, region: { enabled: false } };
  const { violations } = await axe.run(container, { rules });
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html ?? ""}`)).toEqual([]);
});
