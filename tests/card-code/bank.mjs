// The bank, as far as a card can tell: the community's emulator runs the card code, and around it is what the
// emulator lacks, the bank's timer that approves when the code is late.
//
// `node bank.mjs` reads one JSON request a line and writes one JSON result a line. Requests are done one after the
// other, except those with an `id`: they run at once, and their result carries that id.
//
// Request (* required):
//   code_path*            the card code's file
//   env                   the card's environment variables, all strings
//   cents*, currency      currency defaults to ZAR; cents may be a string, as some tools send it
//   mcc, merchant, city, country   default to a Woolworths in Cape Town
//   reference, card_id    default to the emulator's "simulation" and "2280000"
//   date_time, after_date_time   RFC 3339; default to now, each when its hook runs
//   bank_timer_ms, after_timer_ms   how long the bank waits: 2000 before, 15000 after
//   ignore_fetch_timeout  true: fetch ignores its `timeout` option, as production may, so that only the bank's timer ends it
//   hook                  runs this hook alone: before, after, decline, reversal or adjustment; default: a whole purchase
//
// Result: {"approved":true|false|null,"by":"code|bank_timeout|bank_error|null","elapsed_ms":n,"after":"done|timeout|null",
//   "executions":[{"type":"before_transaction","logs":[{"level":"info","content":"..."}]}]}
// or {"error":"..."} for a request that makes no sense. `elapsed_ms` is the time to the bank's decision.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import emulator from "programmable-card-code-emulator";

const BANK_TIMER_MS = 2000;
const AFTER_TIMER_MS = 15000;
// Once our caller has left, calls that a stub server never answers keep this process for at most this long.
const LINGER_MS = 3000;

const HOOKS = {
  before: { name: "beforeTransaction", type: "before_transaction" },
  after: { name: "afterTransaction", type: "after_transaction" },
  decline: { name: "afterDecline", type: "after_decline" },
  reversal: { name: "afterReversal", type: "after_reversal" },
  adjustment: { name: "afterAdjustment", type: "after_adjustment" },
};

const FETCH_WITHOUT_TIMEOUT =
  "const fetch = (url, options) => globalThis.fetch(url, Object.assign({}, options, { timeout: 0 }));\n";

function authorization(request, dateTime) {
  const transaction = emulator.createTransaction(
    request.currency ?? "ZAR",
    request.cents,
    request.mcc ?? "5411",
    request.merchant ?? "Woolworths",
    request.city ?? "Cape Town",
    request.country ?? "ZA",
  );
  // The emulator fixes these three.
  if (request.reference !== undefined) transaction.reference = request.reference;
  if (request.card_id !== undefined) transaction.card.id = request.card_id;
  if (dateTime !== undefined) transaction.dateTime = dateTime;
  return transaction;
}

// The emulator knows a purchase only as a whole, before and then after. The bank runs one hook at a time, so the code
// is wrapped to show the emulator one hook, under the name by which the emulator will call it.
function onlyHook(code, hook, as, preamble) {
  return `var ${as} = await (async () => {\n${preamble}${code}\nreturn typeof ${hook} === "function" ? ${hook} : undefined;\n})();`;
}

function logsOf(execution) {
  return execution.logs.map(({ level, content }) => ({
    level,
    content: level === "info" && content !== undefined ? JSON.parse(content) : content,
  }));
}

const preambleOf = (request) => (request.ignore_fetch_timeout ? FETCH_WITHOUT_TIMEOUT : "");

async function runBefore(code, request) {
  const wrapped = onlyHook(code, "beforeTransaction", "beforeTransaction", preambleOf(request));
  const input = authorization(request, request.date_time);
  const [before, second] = await emulator.run(input, wrapped, JSON.stringify(request.env ?? {}));
  const logs = logsOf(before);
  return { approved: second.type === "after_transaction", threw: logs.some(({ level }) => level === "error"), logs };
}

async function runAfter(code, hook, request) {
  const wrapped = onlyHook(code, HOOKS[hook].name, "afterTransaction", preambleOf(request));
  const input = authorization(request, request.after_date_time ?? request.date_time);
  const [, after] = await emulator.run(input, wrapped, JSON.stringify(request.env ?? {}));
  return { logs: logsOf(after) };
}

// The result of `work`, or `undefined` if it takes longer than `limitMs`; then it goes on unheard.
async function within(limitMs, work) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One purchase, or one hook alone, as the bank does it. */
export async function swipe(request) {
  const code = await readFile(request.code_path, "utf8");
  if (request.hook !== undefined && !(request.hook in HOOKS)) throw new Error(`no hook is called ${request.hook}`);
  const result = { approved: null, by: null, elapsed_ms: 0, after: null, executions: [] };
  const record = (hook, outcome) =>
    result.executions.push({ type: HOOKS[hook].type, logs: outcome ? outcome.logs : [] });

  if (request.hook === undefined || request.hook === "before") {
    const startedMs = performance.now();
    const outcome = await within(request.bank_timer_ms ?? BANK_TIMER_MS, runBefore(code, request));
    result.elapsed_ms = Math.round(performance.now() - startedMs);
    record("before", outcome);
    // Late and broken code alike: the bank approves. (The bare emulator would wait for ever, and decline on a throw.)
    result.by = outcome === undefined ? "bank_timeout" : outcome.threw ? "bank_error" : "code";
    result.approved = result.by === "code" ? outcome.approved : true;
  }
  if (request.hook !== "before") {
    const hook = request.hook ?? (result.approved ? "after" : "decline");
    const outcome = await within(request.after_timer_ms ?? AFTER_TIMER_MS, runAfter(code, hook, request));
    record(hook, outcome);
    result.after = outcome === undefined ? "timeout" : "done";
  }
  return result;
}

async function answer(line) {
  let id;
  try {
    const request = JSON.parse(line);
    id = request.id;
    return { ...(id === undefined ? {} : { id }), ...(await swipe(request)) };
  } catch (error) {
    return { ...(id === undefined ? {} : { id }), error: String(error?.message ?? error) };
  }
}

async function serve() {
  const write = (result) => process.stdout.write(JSON.stringify(result) + "\n");
  const hasId = (line) => {
    try {
      return JSON.parse(line).id !== undefined;
    } catch {
      return false;
    }
  };
  let last = Promise.resolve();
  const atOnce = [];
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    if (hasId(line)) atOnce.push(answer(line).then(write));
    else last = last.then(() => answer(line)).then(write);
  }
  await Promise.all([last, ...atOnce]);
  setTimeout(() => process.exit(0), LINGER_MS).unref();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve();
