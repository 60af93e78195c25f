// The card code against stub servers, in the community's emulator and in other runtimes the bank may have.
// Each test says what breaks if it fails.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import emulator from "programmable-card-code-emulator";
import { swipe } from "./bank.mjs";

const CODE_PATH = fileURLToPath(new URL("../../src-tauri/daemon/src/card_code/card_code.js", import.meta.url));
const CODE = await readFile(CODE_PATH, "utf8");
const KEY = "cw_secret-4711-do-not-tell";
// The bank approves at 2,000 ms; the code's own budget is 1,700.
const BANK_MS = 2000;
const AT_ONCE_MS = 1000;

const json = (body, status = 200) => (response) => {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
};
const approve = json({ decision_id: "d1", outcome: "approve", reasons: [], duplicate: false, stand_in: false });
const decline = json({ decision_id: "d2", outcome: "decline", reasons: [], duplicate: false, stand_in: false });
const silence = () => {};

/** A Cartwarden stub: what it answers by hook, and what it was sent. */
async function stub(t, answers) {
  const calls = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const hook = request.url.replace("/v1/webhooks/investec/", "");
    calls.push({ hook, method: request.method, headers: request.headers, body: JSON.parse(Buffer.concat(parts)) });
    (answers[hook] ?? json({ event_id: "e1", duplicate: false }, 202))(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    calls,
    to: (hook) => calls.filter((call) => call.hook === hook),
    /** Waits for a call that nobody awaits in the code. */
    async saw(hook) {
      for (let tries = 0; tries < 200 && this.to(hook).length === 0; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return this.to(hook)[0];
    },
  };
}

async function refusingUrl() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const purchase = (url, { env = {}, ...rest } = {}) =>
  swipe({
    code_path: CODE_PATH,
    env: { CARTWARDEN_URL: url, CARTWARDEN_KEY: KEY, ...env },
    cents: 45990,
    card_id: "card-1",
    reference: "ref-1",
    ...rest,
  });

const types = (result) => result.executions.map(({ type }) => type);

function assertNothingTold(result, ...others) {
  assert.ok(!JSON.stringify([result, ...others]).includes(KEY), "the key is in a log");
}

describe("card code in the emulator", { concurrency: true }, () => {
  test("an approved purchase is asked about with the bank's object as it is, and told after", async (t) => {
    const server = await stub(t, { before: approve });
    const result = await purchase(server.url + "/", { currency: "ZAR", mcc: "5411", date_time: "2026-01-05T08:00:00Z" });
    assert.equal(result.approved, true);
    assert.equal(result.by, "code");
    assert.deepEqual(types(result), ["before_transaction", "after_transaction"]);
    assert.deepEqual(server.calls.map(({ hook, method }) => `${method} ${hook}`), ["POST before", "POST after"]);
    const [before] = server.calls;
    assert.equal(before.headers.authorization, `Bearer ${KEY}`);
    assert.equal(before.headers["content-type"], "application/json");
    assert.deepEqual(before.body, {
      accountNumber: "10000000000",
      dateTime: "2026-01-05T08:00:00Z",
      centsAmount: 45990,
      currencyCode: "zar",
      type: "card",
      reference: "ref-1",
      card: { id: "card-1" },
      merchant: {
        category: { code: "5411", key: "grocery_stores_supermarkets", name: "Grocery Stores, Supermarkets" },
        name: "Woolworths",
        city: "Cape Town",
        country: { code: "ZA", alpha3: "ZAF", name: "South Africa" },
      },
    });
    assertNothingTold(result);
  });

  test("a declined purchase is declined at the bank, and told as declined", async (t) => {
    const server = await stub(t, { before: decline });
    const result = await purchase(server.url);
    assert.equal(result.approved, false);
    assert.equal(result.by, "code");
    assert.deepEqual(types(result), ["before_transaction", "after_decline"]);
    assert.deepEqual(server.calls.map(({ hook }) => hook), ["before", "decline"]);
  });

  test("reversals and adjustments reach their hooks", async (t) => {
    const server = await stub(t, {});
    for (const hook of ["reversal", "adjustment"]) {
      const result = await purchase(server.url, { hook, cents: -45990 });
      assert.equal(result.approved, null);
      assert.equal(result.after, "done");
      assert.equal(server.to(hook)[0].body.centsAmount, -45990);
    }
    assert.equal(server.calls.length, 2);
  });

  for (const [mode, approved] of [[undefined, false], ["decline", false], ["Decline", false], ["aprove", false], ["approve", true], [" APPROVE ", true]]) {
    test(`a refused connection: FAIL_MODE ${JSON.stringify(mode)} answers ${approved} by itself, at once`, async () => {
      const result = await purchase(await refusingUrl(), { env: mode === undefined ? {} : { FAIL_MODE: mode } });
      assert.equal(result.approved, approved);
      assert.equal(result.by, "code");
      assert.ok(result.elapsed_ms < AT_ONCE_MS, `took ${result.elapsed_ms} ms`);
      const [before, after] = result.executions;
      assert.match(before.logs[0].content, approved ? /fail mode approve/ : /fail mode decline/);
      assert.match(before.logs[1].content, /ECONNREFUSED/);
      assert.match(after.logs[0].content, /ECONNREFUSED/);
      assert.equal(result.after, "done");
      assertNothingTold(result);
    });
  }

  for (const [what, answer, reason] of [
    ["no JSON", (response) => response.end("<html>4111111111111111 " + KEY), /not JSON/],
    ["an empty body", (response) => response.end(), /not JSON/],
    ["JSON null", json(null), /no known outcome/],
    ["an unknown outcome", json({ outcome: "maybe" }), /no known outcome/],
    ["outcome true", json({ outcome: true }), /no known outcome/],
    ["status 500", json({ outcome: "approve" }, 500), /status 500/],
    ["status 401", json({ code: "unauthorized", message: "no such key" }, 401), /status 401/],
    ["status 202 with an outcome", json({ outcome: "approve" }, 202), /status 202/],
    ["a cut connection", (response) => response.destroy(), /failed|hang up/],
    ["half a body", (response) => { response.writeHead(200, { "Content-Length": "500" }); response.write('{"outcome":'); response.destroy(); }, /./],
  ]) {
    test(`${what}: the fail mode answers, and Cartwarden's log is told`, async (t) => {
      const server = await stub(t, { before: answer });
      const declined = await purchase(server.url);
      assert.equal(declined.approved, false);
      assert.equal(declined.by, "code");
      assert.match(declined.executions[0].logs[1].content, reason);
      const log = await server.saw("log");
      assert.equal(log.body.level, "error");
      assert.equal(log.body.hook, "before");
      assert.deepEqual(log.body.card, { id: "card-1" });
      assert.match(log.body.message, reason);
      assert.equal(log.headers.authorization, `Bearer ${KEY}`);
      const approved = await purchase(server.url, { env: { FAIL_MODE: "approve" } });
      assert.equal(approved.approved, true);
      assert.equal(approved.by, "code");
      const bodies = server.calls.map(({ body }) => body);
      assertNothingTold([declined, approved, bodies]);
      assert.ok(!JSON.stringify([declined, approved, bodies]).includes("4111111111111111"), "a card number is in a log");
    });
  }

  test("a redirect is not followed: the key stays with Cartwarden", async (t) => {
    const stranger = await stub(t, { before: approve });
    const redirect = (response) => response.writeHead(307, { Location: `${stranger.url}/v1/webhooks/investec/before` }).end();
    const server = await stub(t, { before: redirect });
    const result = await purchase(server.url);
    assert.equal(result.approved, false);
    assert.equal(stranger.calls.length, 0);
  });

  test("a hung daemon: the code answers by its fail mode before the bank's timer approves", async (t) => {
    const server = await stub(t, { before: silence });
    const result = await purchase(server.url);
    assert.equal(result.approved, false);
    assert.equal(result.by, "code");
    assert.ok(result.elapsed_ms >= 1500 && result.elapsed_ms < BANK_MS, `took ${result.elapsed_ms} ms`);
    assert.match((await server.saw("log")).body.message, /timeout/);
  });

  test("headers late and then no body: the budget holds for both together", async (t) => {
    const late = (response) => setTimeout(() => response.writeHead(200).write("{"), 1200);
    const server = await stub(t, { before: late });
    const result = await purchase(server.url);
    assert.equal(result.by, "code");
    assert.equal(result.approved, false);
    assert.ok(result.elapsed_ms < BANK_MS, `took ${result.elapsed_ms} ms`);
  });

  test("a hung daemon where fetch ignores its timeout: the bank's timer approves, and after is told", async (t) => {
    const server = await stub(t, { before: silence });
    const result = await purchase(server.url, { ignore_fetch_timeout: true });
    assert.equal(result.approved, true, "FAIL_MODE decline cannot hold here: the bank fails open");
    assert.equal(result.by, "bank_timeout");
    assert.ok(result.elapsed_ms >= BANK_MS, `took ${result.elapsed_ms} ms`);
    assert.deepEqual(server.calls.map(({ hook }) => hook), ["before", "after"]);
  });

  test("a report that hangs delays no answer", async (t) => {
    const server = await stub(t, { before: json({}, 500), log: silence });
    const result = await purchase(server.url, { hook: "before" });
    assert.equal(result.by, "code");
    assert.ok(result.elapsed_ms < AT_ONCE_MS, `took ${result.elapsed_ms} ms`);
  });

  for (const value of ["true", "TRUE", " true "]) {
    test(`blocked ${JSON.stringify(value)}: declined without asking, whatever the fail mode`, async (t) => {
      const server = await stub(t, { before: approve });
      const result = await purchase(server.url, { env: { blocked: value, FAIL_MODE: "approve" }, hook: "before" });
      assert.equal(result.approved, false);
      assert.equal(result.by, "code");
      assert.equal(server.calls.length, 0, "a deactivated card must not depend on a call");
    });
  }

  test("a blocked card needs no other setting", async () => {
    const result = await swipe({ code_path: CODE_PATH, env: { blocked: "true" }, cents: 1 });
    assert.equal(result.approved, false);
    assert.equal(result.by, "code");
  });

  for (const value of ["false", "", "no"]) {
    test(`blocked ${JSON.stringify(value)}: asked as usual`, async (t) => {
      const server = await stub(t, { before: approve });
      assert.equal((await purchase(server.url, { env: { blocked: value } })).approved, true);
    });
  }

  for (const [what, env] of [
    ["no address", { CARTWARDEN_URL: "" }],
    ["no key", { CARTWARDEN_KEY: "" }],
    ["an address that is none", { CARTWARDEN_URL: "fraud desk" }],
  ]) {
    test(`${what}: the fail mode answers and the bank's log says why`, async (t) => {
      const server = await stub(t, { before: approve });
      const result = await purchase(server.url, { env });
      assert.equal(result.approved, false);
      assert.equal(result.by, "code");
      assert.equal(result.executions[0].logs.length, 2);
      assert.equal(server.calls.length, 0);
    });
  }

  test("a key that no header can carry is not quoted in the error", async (t) => {
    const server = await stub(t, { before: approve });
    const key = "cw_first\ncw_second";
    const result = await purchase(server.url, { env: { CARTWARDEN_KEY: key } });
    assert.equal(result.approved, false);
    assert.match(result.executions[0].logs[1].content, /\[key\]/);
    assert.ok(!JSON.stringify(result).includes("cw_"), "the key is in a log");
  });

  test("the bare emulator understands the file as it is", async (t) => {
    const env = (url) => JSON.stringify({ CARTWARDEN_URL: url, CARTWARDEN_KEY: KEY });
    const transaction = () => emulator.createTransaction("ZAR", 45990, "5411", "Woolworths", "Cape Town", "ZA");
    const yes = await stub(t, { before: approve });
    assert.equal((await emulator.run(transaction(), CODE, env(yes.url)))[1].type, "after_transaction");
    assert.deepEqual(yes.calls.map(({ hook }) => hook), ["before", "after"]);
    const no = await stub(t, { before: decline });
    assert.equal((await emulator.run(transaction(), CODE, env(no.url)))[1].type, "after_decline");
    assert.deepEqual(no.calls.map(({ hook }) => hook), ["before", "decline"]);
  });
});

/** The code in a runtime with exactly these globals; what its hooks answer. */
function runtime(globals, env = {}) {
  const hooks = "beforeTransaction, afterTransaction, afterDecline, afterReversal, afterAdjustment";
  const context = { process: { env: { CARTWARDEN_URL: "http://cartwarden.test", CARTWARDEN_KEY: KEY, ...env } }, ...globals };
  return vm.runInNewContext(`(() => {\n${CODE}\nreturn { ${hooks} };\n})()`, context);
}

describe("card code in other runtimes", { concurrency: true }, () => {
  test("with timers, a fetch that ignores its timeout is ended in the budget and aborted", async () => {
    let aborted = false;
    const fetch = (url, { signal }) =>
      new Promise(() => signal.addEventListener("abort", () => { aborted = true; }));
    const startedMs = performance.now();
    const answer = await runtime({ fetch, setTimeout, clearTimeout, AbortController, console: { log() {} } }).beforeTransaction({});
    assert.equal(answer, false);
    assert.ok(performance.now() - startedMs < BANK_MS);
    assert.equal(aborted, true);
  });

  test("with setTimeout alone, the same", async () => {
    const startedMs = performance.now();
    const fetch = () => new Promise(() => {});
    assert.equal(await runtime({ fetch, setTimeout }, { FAIL_MODE: "approve" }).beforeTransaction({}), true);
    assert.ok(performance.now() - startedMs < BANK_MS);
  });

  test("a body that hangs is ended by the timer, too", async () => {
    const fetch = async () => Object.freeze({ status: 200, text: () => new Promise(() => {}) });
    const startedMs = performance.now();
    assert.equal(await runtime({ fetch, setTimeout, clearTimeout }).beforeTransaction({}), false);
    assert.ok(performance.now() - startedMs < BANK_MS);
  });

  test("Node's own fetch is understood", async (t) => {
    const server = await stub(t, { before: approve });
    const hooks = runtime({ fetch, setTimeout, clearTimeout, AbortController }, { CARTWARDEN_URL: server.url });
    assert.equal(await hooks.beforeTransaction({ card: { id: "1" } }), true);
    await hooks.afterTransaction({ card: { id: "1" } });
    assert.deepEqual(server.calls.map(({ hook }) => hook), ["before", "after"]);
  });

  for (const [what, globals] of [
    ["no fetch", {}],
    ["a fetch that throws", { fetch: () => { throw new Error("not allowed"); } }],
    ["a fetch that throws nothing sensible", { fetch: () => { throw undefined; } }],
    ["a fetch that answers nothing", { fetch: async () => undefined }],
    ["a console that throws", { fetch: async () => { throw new Error("x"); }, console: { log() { throw new Error("full"); } } }],
    ["no process", { process: undefined }],
    ["no environment", { process: {} }],
  ]) {
    test(`${what}: every hook ends without a throw, before with false`, async () => {
      const hooks = runtime(globals);
      const circle = {};
      circle.circle = circle;
      for (const input of [{ card: { id: "1" } }, undefined, null, circle]) {
        assert.equal(await hooks.beforeTransaction(input), false);
        for (const hook of [hooks.afterTransaction, hooks.afterDecline, hooks.afterReversal, hooks.afterAdjustment]) {
          assert.equal(await hook(input), undefined);
        }
      }
    });
  }

  test("the log gets one string a call, without card numbers", async () => {
    const logged = [];
    const fetch = () => { throw new Error("4111 1111 1111 1111 and 5500-0000-0000-0004 refused, order 12345"); };
    await runtime({ fetch, console: { log: (...words) => logged.push(words) } }).beforeTransaction({});
    assert.ok(logged.length > 0 && logged.every((words) => words.length === 1 && typeof words[0] === "string"));
    assert.match(logged[1][0], /\[number\] and \[number\] refused, order 12345/);
  });
});

describe("bank.mjs as a program", () => {
  test("answers a line a request, in order, and names what makes no sense", async (t) => {
    const server = await stub(t, { before: approve });
    const bank = spawn(process.execPath, [fileURLToPath(new URL("./bank.mjs", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
    const request = { code_path: CODE_PATH, env: { CARTWARDEN_URL: server.url, CARTWARDEN_KEY: KEY }, cents: "45990" };
    const throwing = fileURLToPath(new URL("./package.json", import.meta.url));
    bank.stdin.write(JSON.stringify(request) + "\n");
    bank.stdin.write("{ nonsense\n");
    bank.stdin.write(JSON.stringify({ ...request, hook: "afterwards" }) + "\n");
    bank.stdin.write(JSON.stringify({ ...request, code_path: throwing }) + "\n");
    bank.stdin.end(JSON.stringify({ ...request, reference: "last" }) + "\n");
    const results = [];
    for await (const line of createInterface({ input: bank.stdout })) results.push(JSON.parse(line));
    assert.equal(results.length, 5);
    assert.equal(results[0].approved, true);
    assert.match(results[1].error, /JSON/);
    assert.match(results[2].error, /no hook is called afterwards/);
    assert.equal(results[3].by, "bank_error", "broken code: the bank approves");
    assert.equal(results[3].approved, true);
    assert.equal(results[4].approved, true);
    assert.equal(server.to("before")[0].body.centsAmount, "45990");
    assert.equal(server.to("before").at(-1).body.reference, "last");
  });
});
