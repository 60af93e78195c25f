/** The rules screens as a whole against a stub daemon: what is proposed, published, tried and kept. */
import { fireEvent, render, screen, within } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AT, draftOf, list, replayOf, rule, rulesAnswers, shadow } from "../../test-rules";

const invoke = vi.hoisted(() => vi.fn());
vi.mock("@tauri-apps/api/core", () => ({ invoke }));
vi.mock("@tauri-apps/api/event", () => ({ listen: () => Promise.resolve(() => undefined) }));
// jsdom has no layout for the real editor; the plain field it stands in for is what is tested here.
vi.mock("$lib/rules/cel-editor", () => Promise.reject(new Error("no editor here")));
const { default: Rules } = await import("./Rules.svelte");
const { rulesDesk } = await import("$lib/rules/rules-desk.svelte");
const { router } = await import("$lib/router.svelte");
const { desk } = await import("$lib/desk.svelte");

let answers: Record<string, unknown> = {};
const asked: { method: string; path: string; body: string | null }[] = [];
const posts = (end: string) => asked.filter(({ method, path }) => method === "POST" && path.endsWith(end));

function answer(command: string, args?: { request: { method: string; path: string; body: string | null } }): Promise<unknown> {
  if (command !== "call_daemon" || args === undefined) return Promise.resolve(null);
  asked.push(args.request);
  const [path = ""] = args.request.path.replace("/v1/", "").split("?");
  const key = args.request.method === "GET" ? path : `${args.request.method} ${path}`;
  const body = answers[key];
  const refused = typeof body === "object" && body !== null && "code" in body;
  const status = body === undefined ? 404 : refused ? 409 : body === 204 ? 204 : 200;
  return Promise.resolve({
    status,
    body: body === 204 ? "" : JSON.stringify(body ?? { code: "not_found", message: "Not here." }),
    content_type: "application/json",
  });
}

async function open(hash: string): Promise<HTMLElement> {
  history.replaceState(null, "", hash);
  stop = router.start();
  const { container } = render(Rules);
  return container;
}
let stop: () => void = () => {};

beforeEach(() => {
  HTMLCanvasElement.prototype.getContext = () => null;
  Element.prototype.scrollIntoView = () => undefined;
  vi.stubGlobal("__TAURI_INTERNALS__", {});
  asked.length = 0;
  invoke.mockImplementation(answer);
  answers = rulesAnswers();
});
afterEach(() => {
  stop();
  rulesDesk.discardAll();
  for (const resource of [rulesDesk.rules, rulesDesk.drafts, rulesDesk.replays]) resource.show(null);
  vi.unstubAllGlobals();
});

it("lists every rule with mode, outcome and what it did", async () => {
  await open("#/rules");
  const row = await screen.findByRole("link", { name: /Over the order's value/ });
  await vi.waitFor(() => expect(row.textContent).toContain("12 fired"));
  for (const text of ["Live", "Alerts", "9/10 right", "90 %", "R120.50 saved"]) expect(row.textContent).toContain(text);
  expect(screen.getByRole("link", { name: /Off shift/ }).textContent).toContain("Shadow");
});

it("finds by text and mode", async () => {
  await open("#/rules?mode=shadow");
  await screen.findByRole("link", { name: /Off shift/ });
  expect(screen.queryByRole("link", { name: /Over the order's value/ })).toBe(null);
});

it("proposes a change typed in rand as cents, and keeps it while one looks elsewhere", async () => {
  await open("#/rules/over_order_value");
  const field = await screen.findByLabelText("Over amount");
  expect(screen.getByTestId("propose-change").hasAttribute("disabled")).toBe(true);
  await fireEvent.input(field, { target: { value: "100" } });
  expect((await screen.findAllByText("UNSAVED")).length).toBeGreaterThan(0);
  router.go("rules", "off_shift");
  await screen.findByRole("heading", { name: "Off shift" });
  router.go("rules", "over_order_value");
  const again = await screen.findByLabelText("Over amount");
  expect(again).toHaveProperty("value", "100");
  answers["POST drafts"] = draftOf({ parameters: { over_cents: 10_000 } });
  answers["drafts"] = list([answers["POST drafts"]], { second_person: false });
  await fireEvent.click(screen.getByTestId("propose-change"));
  await screen.findByTestId("draft-banner");
  expect(JSON.parse(posts("/drafts")[0]?.body ?? "")).toMatchObject({ id: "over_order_value", parameters: { over_cents: 10_000 } });
  expect(screen.queryByText("UNSAVED")).toBe(null);
});

it("asks before the rules are left with changes, and lets nobody lose them by accident", async () => {
  await open("#/rules/over_order_value");
  await fireEvent.input(await screen.findByLabelText("Over amount"), { target: { value: "7" } });
  router.go("alerts");
  const dialog = await screen.findByRole("dialog");
  expect(dialog.textContent).toContain("Over the order's value");
  expect(router.route.screen).toBe("rules");
  await fireEvent.click(within(dialog).getByRole("button", { name: "Stay here" }));
  location.hash = "#/cards";
  const second = await screen.findByRole("dialog");
  expect(location.hash).toBe("#/rules/over_order_value");
  await fireEvent.click(within(second).getByRole("button", { name: "Keep and leave" }));
  await vi.waitFor(() => expect(router.route.screen).toBe("cards"));
  expect(rulesDesk.isUnsaved("over_order_value")).toBe(true);
});

it("a form nobody has touched follows what comes into force; a touched one is kept and warned of it", async () => {
  await open("#/rules/over_order_value");
  expect(await screen.findByLabelText("Over amount")).toHaveProperty("value", "25");
  answers["rules"] = list([{ ...rule, version: 4, parameters: { over_cents: 9_000 } }, shadow]);
  desk.changes.emit({ kind: "rule", id: rule.id });
  await vi.waitFor(() => expect(screen.getByLabelText("Over amount")).toHaveProperty("value", "90"));
  expect(rulesDesk.isUnsaved(rule.id)).toBe(false);
  await fireEvent.input(screen.getByLabelText("Over amount"), { target: { value: "95" } });
  answers["rules"] = list([{ ...rule, version: 5 }, shadow]);
  desk.changes.emit({ kind: "rule", id: rule.id });
  await screen.findByText(/Version 5 came into force meanwhile/);
  expect(screen.getByLabelText("Over amount")).toHaveProperty("value", "95");
});

it("marks where the expression is wrong, and proposes nothing while it is", async () => {
  answers["POST rules/check"] = { ok: false, line: 1, column: 7, message: "there is no fact order.fund" };
  await open("#/rules/over_order_value");
  const editor = await screen.findByRole("textbox", { name: /Fires when/ });
  await fireEvent.input(editor, { target: { value: "order.fund" } });
  await screen.findByText(/Line 1, column 7: there is no fact order.fund/);
  expect(screen.getByTestId("propose-change").hasAttribute("disabled")).toBe(true);
});

it("puts a fact of the reference at the cursor", async () => {
  await open("#/rules/off_shift");
  const reference = await screen.findByRole("complementary", { name: "Fact reference" });
  await fireEvent.click(await within(reference).findByRole("button", { name: /order.over_cents/ }));
  expect(screen.getByRole("textbox", { name: /Fires when/ })).toHaveProperty("value", "trueorder.over_cents");
});

it("advises a replay before publishing, and says plainly when there was none", async () => {
  const draft = draftOf({ parameters: { over_cents: 10_000 } });
  answers["drafts"] = list([draft], { second_person: false });
  answers["POST drafts/draft_1/publish"] = { ...draft.rule, version: 4 };
  await open("#/rules/over_order_value");
  const banner = await screen.findByTestId("draft-banner");
  expect(within(banner).getByText("Publish without a replay")).toBeTruthy();
  await fireEvent.click(within(banner).getByText("Show change"));
  expect(within(banner).getByRole("row", { name: /Over amount R25.00 R100.00/ })).toBeTruthy();
  await fireEvent.click(within(banner).getByTestId("publish-without-replay"));
  await vi.waitFor(() => expect(posts("/draft_1/publish").length).toBe(1));
});

it("a replayed draft is simply published", async () => {
  answers["drafts"] = list([draftOf({ parameters: { over_cents: 10_000 } })], { second_person: false });
  answers["replays"] = list([replayOf("done", { parameters: { over_cents: 10_000 } })]);
  await open("#/rules/over_order_value");
  await vi.waitFor(() => expect(screen.getByTestId("publish-draft").textContent?.trim()).toBe("Publish"));
});

it("its author cannot publish where a second person must look, and is told who can", async () => {
  desk.status.put({ clock: "real", demo: false, now: AT, partner_url: "", started_at: AT, user: { name: "thabo", role: "ops_lead" }, version: "0" });
  answers["drafts"] = list([draftOf({ mode: "off" })], { second_person: true });
  await open("#/rules/over_order_value");
  expect((await screen.findByTestId("second-person")).textContent).toContain("ops lead or admin");
  expect(screen.queryByTestId(/^publish-/)).toBe(null);
  desk.status.put({ clock: "real", demo: false, now: AT, partner_url: "", started_at: AT, user: { name: "naledi", role: "ops_lead" }, version: "0" });
  answers["POST drafts/draft_1/publish"] = { code: "rule_changed", message: "at version 4" };
  await fireEvent.click(await screen.findByTestId("publish-without-replay"));
  expect((await screen.findByRole("alert")).textContent).toContain("nothing was published");
});

it("runs a replay, follows it and shows today beside the draft in words", async () => {
  answers["POST replays"] = replayOf("running");
  answers["replays/replay_1"] = replayOf("running");
  await open("#/rules/over_order_value?tab=replay");
  await fireEvent.click(await screen.findByTestId("replay-run"));
  await screen.findByText("40 of 100 swipes judged");
  expect(screen.getByRole("button", { name: "Cancel replay" })).toBeTruthy();
  answers["replays/replay_1"] = replayOf("done");
  const found = await screen.findByTestId("replay-result", {}, { timeout: 3_000 });
  expect(within(found).getByRole("row", { name: /False alarms 2 1 -1 1 fewer, better/ })).toBeTruthy();
  expect(found.textContent).toContain("2 swipes were left out");
  expect(found.textContent).toContain("Today's rules judge 12 of these swipes otherwise");
  expect(found.textContent).toContain("keeps the ties as they were recorded");
});

it("a change goes from the list to the replay to what is in force, by the hooks of the end-to-end test", async () => {
  const changed = { parameters: { over_cents: 10_000 } };
  const container = await open("#/rules");
  await screen.findAllByTestId("rule-row");
  const row = container.querySelector<HTMLAnchorElement>("[data-testid=rule-row][data-id=over_order_value]");
  location.hash = row?.getAttribute("href") ?? "";
  await fireEvent.input(await screen.findByTestId("parameter-over_cents"), { target: { value: "100" } });
  // A bits-ui tab is chosen as it takes the focus.
  await fireEvent.focus(screen.getByTestId("rule-tab-replay"));
  answers["POST replays"] = answers["replays/replay_1"] = replayOf("done", changed);
  answers["replays"] = list([replayOf("done", changed)]);
  await fireEvent.click(await screen.findByTestId("replay-run"));
  await vi.waitFor(() => expect(JSON.parse(posts("/replays")[0]?.body ?? "{}")).toMatchObject({ rule: changed }));
  await screen.findByTestId("replay-result");
  await fireEvent.focus(screen.getByTestId("rule-tab-edit"));
  answers["POST drafts"] = draftOf(changed);
  answers["drafts"] = list([draftOf(changed)], { second_person: false });
  await fireEvent.click(await screen.findByTestId("propose-change"));
  answers["POST drafts/draft_1/publish"] = { ...draftOf(changed).rule, version: 4 };
  await fireEvent.click(await screen.findByTestId("publish-draft"));
  await vi.waitFor(() => expect(posts("/draft_1/publish").length).toBe(1));
  for (const tab of ["history", "statistics"]) expect(screen.getByTestId(`rule-tab-${tab}`)).toBeTruthy();
});

it("restores an earlier version as a draft", async () => {
  answers["POST drafts"] = draftOf({ parameters: { over_cents: 5_000 } });
  await open("#/rules/over_order_value?tab=history");
  await fireEvent.click(await screen.findByRole("button", { name: /Version 2/ }));
  await fireEvent.click(await screen.findByRole("button", { name: "Restore as draft" }));
  await vi.waitFor(() => expect(JSON.parse(posts("/drafts")[0]?.body ?? "{}")).toMatchObject({ parameters: { over_cents: 5_000 } }));
});

it("imports a file as the text it is and names the lines not taken", async () => {
  answers["POST lists/deny_cards/import"] = { added: 1, removed: 0, unchanged: 0, rejected: [{ line: 2, message: "empty" }] };
  await open("#/lists/deny_cards");
  await fireEvent.click(await screen.findByTestId("import-list"));
  const dialog = await screen.findByRole("dialog");
  const file = new File(['entry\n"A, B"\n'], "cards.csv");
  Object.defineProperty(file, "text", { value: () => Promise.resolve('entry\n"A, B"\n') });
  await fireEvent.change(within(dialog).getByLabelText("File"), { target: { files: [file] } });
  await fireEvent.click(within(dialog).getByRole("button", { name: "Import" }));
  await within(dialog).findByText(/1 entry added, 1 line not taken/);
  expect(within(dialog).getByText("Line 2")).toBeTruthy();
  const sent = asked.find(({ path }) => path.startsWith("/v1/lists/deny_cards/import"));
  expect([sent?.body, sent?.path]).toEqual(['entry\n"A, B"\n', "/v1/lists/deny_cards/import?replace=false"]);
});

it("says why a list that a rule looks into stays", async () => {
  await open("#/lists/deny_cards");
  await fireEvent.click(await screen.findByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog");
  expect(dialog.textContent).toContain("cannot be deleted");
  expect(within(dialog).queryByRole("button", { name: "Delete list" })).toBe(null);
});

it.each([
  ["#/rules", "Choose a rule"],
  ["#/rules/over_order_value", "Thresholds of this rule"],
  ["#/rules/over_order_value?tab=replay", "Run replay"],
  ["#/rules/over_order_value?tab=history", "Restore as draft|First version"],
  ["#/rules/over_order_value?tab=statistics", "Money saved"],
  ["#/lists/deny_cards", "card_1"],
])("nothing serious is wrong for assistive technology on %s", async (hash = "", text = "") => {
  answers["drafts"] = list([draftOf({ mode: "off" })], { second_person: false });
  const container = await open(hash);
  await vi.waitFor(() => expect(container.textContent).toMatch(new RegExp(text)));
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
});
