// Cartwarden: the one code for every programmable card. `cartwardend card-code` prints this file.
//
// It asks Cartwarden before each purchase and tells it what became of the purchase. What differs from card to card
// is in the card's environment variables, all strings:
//
//   CARTWARDEN_URL   where Cartwarden's partner address is, such as https://fraud.example.com
//   CARTWARDEN_KEY   a key of scope `webhook` (cartwardend key add --scope webhook)
//   FAIL_MODE        decline (default) or approve: the answer while Cartwarden cannot be asked
//   blocked          true or false: true declines everything, without asking anybody
//
// The bank waits 2 s and then approves by itself; it also approves when this code throws. So this code answers
// within its own budget, always with a boolean, and never throws.
//
// It runs in the bank's restricted JavaScript: fetch, process.env and console.log are there; setTimeout and
// AbortController may not be; require is not. It must stay one file without imports, in plain ES2017.

// The bank's 2 s, less the time to start this code and to carry its answer.
const BEFORE_BUDGET_MS = 1700;
// The bank gives the hooks after a purchase 15 s: one call and, if that fails, one report of it.
const AFTER_BUDGET_MS = 8000;
const REPORT_BUDGET_MS = 4000;
// Enough to recognise a failure by.
const MESSAGE_CHARS_MAX = 300;

const readSettings = () => {
  const env = (typeof process === "object" && process && process.env) || {};
  const read = (name) => (env[name] === undefined || env[name] === null ? "" : String(env[name]).trim());
  return {
    url: read("CARTWARDEN_URL").replace(/\/+$/, ""),
    key: read("CARTWARDEN_KEY"),
    approveOnFailure: read("FAIL_MODE").toLowerCase() === "approve",
    blocked: read("blocked").toLowerCase() === "true",
  };
};

// The bank keeps the first argument only. A runtime without a console must not cost the answer.
const say = (text) => {
  try {
    console.log("cartwarden " + text);
  } catch (ignored) {
    // There is nobody left to tell.
  }
};

// Error texts may quote what they stumbled over: neither the key nor anything like a card number leaves this code.
const describe = (settings, error) => {
  let text = String((error && error.message) || error);
  if (settings.key) text = text.split(settings.key).join("[key]");
  return text.replace(/\d(?:[ -]?\d){11,}/g, "[number]").slice(0, MESSAGE_CHARS_MAX);
};

// Ends `work` after `budgetMs` where the runtime has a timer. Where it has none, fetch's own `timeout` must do.
// A race handles the loser's failure, too: nothing stays behind to be reported as unhandled.
const within = async (budgetMs, work) => {
  if (typeof setTimeout !== "function") return work(undefined);
  const controller = typeof AbortController === "function" ? new AbortController() : undefined;
  let timer;
  const expired = new Promise((resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error("no answer within " + budgetMs + " ms"));
      if (controller) controller.abort();
    }, budgetMs);
  });
  try {
    return await Promise.race([work(controller && controller.signal), expired]);
  } finally {
    if (typeof clearTimeout === "function") clearTimeout(timer);
  }
};

// Posts `payload` to one of Cartwarden's hooks and returns the text of its answer. Throws on anything but `accepts`.
const post = (settings, hook, payload, budgetMs, accepts) =>
  within(budgetMs, async (signal) => {
    if (!settings.url || !settings.key) throw new Error("CARTWARDEN_URL or CARTWARDEN_KEY is not set");
    const deadlineMs = Date.now() + budgetMs;
    const options = {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + settings.key },
      body: JSON.stringify(payload),
      // The key must not follow a redirect to somebody else.
      redirect: "error",
      // Understood by some runtimes, ignored by others.
      timeout: budgetMs,
    };
    if (signal) options.signal = signal;
    const response = await fetch(settings.url + "/v1/webhooks/investec/" + hook, options);
    if (!accepts(response.status)) throw new Error("Cartwarden answered with status " + response.status);
    try {
      // Where `timeout` is understood it is counted anew for the body; the body gets what is left.
      response.timeout = Math.max(1, deadlineMs - Date.now());
    } catch (ignored) {
      // A sealed response keeps its own idea of time.
    }
    return response.text();
  });

// Says what went wrong on the bank's log and to Cartwarden's. Never throws, so nobody has to wait for it.
const report = async (settings, hook, authorization, error) => {
  const message = describe(settings, error);
  say(hook + ": " + message);
  if (!settings.url || !settings.key) return;
  try {
    const id = authorization && authorization.card && authorization.card.id;
    const entry = { level: "error", message: message, hook: hook };
    if (id !== undefined && id !== null) entry.card = { id: describe(settings, id) };
    await post(settings, "log", entry, REPORT_BUDGET_MS, () => true);
  } catch (ignored) {
    // It is on the bank's log already.
  }
};

// An answer that is no JSON must not be quoted in an error: it may hold anything.
const outcomeOf = (text) => {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch (ignored) {
    throw new Error("Cartwarden's answer is not JSON");
  }
  const outcome = answer && answer.outcome;
  if (outcome !== "approve" && outcome !== "decline") throw new Error("Cartwarden's answer has no known outcome");
  return outcome;
};

// Before a purchase: true approves, false declines.
const beforeTransaction = async (authorization) => {
  const settings = readSettings();
  // First of all, and without a call: a deactivated card declines even while Cartwarden is unreachable.
  if (settings.blocked) {
    say("before: declined, this card is deactivated");
    return false;
  }
  try {
    const text = await post(settings, "before", authorization, BEFORE_BUDGET_MS, (status) => status === 200);
    return outcomeOf(text) === "approve";
  } catch (error) {
    say("before: not decided by Cartwarden, fail mode " + (settings.approveOnFailure ? "approve" : "decline"));
    // Not awaited: the answer is due.
    report(settings, "before", authorization, error);
    return settings.approveOnFailure;
  }
};

// Everything after a purchase is only told; nothing waits for an answer, and a failure changes nothing here.
const tell = async (hook, transaction) => {
  const settings = readSettings();
  try {
    await post(settings, hook, transaction, AFTER_BUDGET_MS, (status) => status >= 200 && status < 300);
  } catch (error) {
    await report(settings, hook, transaction, error);
  }
};

// After a purchase was approved.
const afterTransaction = async (transaction) => tell("after", transaction);
// After a purchase was declined, by this code or by the bank.
const afterDecline = async (transaction) => tell("decline", transaction);
// After an approved purchase was cancelled, in whole or part.
const afterReversal = async (transaction) => tell("reversal", transaction);
// After the amount of an approved purchase was changed.
const afterAdjustment = async (transaction) => tell("adjustment", transaction);
