/** What every screen knows: the daemon, its clock and health, the person, and what just changed. */
import { api, type Alert, type AlertList, type CardList } from "./api/client";
import { listenToDaemon, type Change } from "./api/events";
import { daemonStatus, restartDaemon, type DaemonStatus } from "./api/native";
import { asDaemonError, isDaemonDown } from "./api/errors";
import { humanise } from "./format";
import { Resource } from "./resource.svelte";
import { signal } from "./signal";
import { reasonName } from "./words";
import { toasts } from "./toasts.svelte";

/** The rail's counts and the health line may lag a swipe by this much. */
const OVERVIEW_MS = 1_000;
/** Without any event, health is still asked this often, so that a silent feed shows. */
const HEALTH_EVERY_MS = 15_000;

class Desk {
  daemon: DaemonStatus = $state.raw({ state: "starting", message: "", since: "", adopted: false });
  /** Milliseconds by the daemon's clock; ticks once a second. */
  now = $state(Date.now());
  /** The newest alert, for the announcement to screen readers. */
  announced = $state("");
  quitAsked = $state(false);
  readonly changes = signal<Change>();
  readonly alertAsked = signal<string>();

  readonly status = new Resource(() => api.status(), OVERVIEW_MS);
  readonly health = new Resource(() => api.feedHealth(), OVERVIEW_MS);
  readonly alerts = new Resource<AlertList>(
    async () => this.#newest(await api.alerts({ status: "open", limit: 1 })),
    OVERVIEW_MS,
  );
  readonly cards = new Resource<CardList>(() => api.cards({ limit: 1 }), OVERVIEW_MS);
  readonly #rules = new Resource(() => api.rules());

  readonly me = $derived(this.status.data?.user.name ?? "");
  readonly demo = $derived(this.status.data?.demo === true);
  readonly testClock = $derived(this.status.data?.clock === "test");
  readonly down = $derived(
    this.daemon.state === "down" ||
      this.daemon.state === "restarting" ||
      (this.status.error !== null && isDaemonDown(this.status.error)),
  );
  readonly #ruleNames = $derived(new Map((this.#rules.data?.items ?? []).map((rule) => [rule.id, rule.name])));
  #seenAlert: Alert["id"] | null = null;

  /** Starts following the daemon and answers how to stop. */
  start(): () => void {
    const stop = listenToDaemon({
      changed: (change) => this.#changed(change),
      daemonStatus: (status) => this.#daemonIs(status),
      openAlert: (id) => this.alertAsked.emit(id),
      quitAsked: () => (this.quitAsked = true),
    });
    void daemonStatus().then(
      (status) => status !== null && this.#daemonIs(status),
      () => undefined,
    );
    this.#showAll();
    const tick = setInterval(() => {
      this.now = this.#clock();
      // A test clock is moved by hand, which no event tells.
      if (this.testClock) this.status.reload();
    }, 1_000);
    const health = setInterval(() => {
      this.health.reload();
      this.alerts.reload();
    }, HEALTH_EVERY_MS);
    return () => {
      stop();
      clearInterval(tick);
      clearInterval(health);
    };
  }

  ruleName(id: string): string {
    return reasonName({ rule: id, rule_name: this.#ruleNames.get(id) ?? humanise(id) });
  }

  get rules(): { id: string; name: string }[] {
    return [...this.#ruleNames.keys()].map((id) => ({ id, name: this.ruleName(id) }));
  }

  async restart(): Promise<void> {
    try {
      await restartDaemon();
    } catch (thrown) {
      toasts.fail(`The daemon was not restarted. ${asDaemonError(thrown).message}`);
    }
  }

  #showAll(): void {
    for (const resource of [this.status, this.health, this.alerts, this.cards, this.#rules]) resource.show("");
  }

  #daemonIs(status: DaemonStatus): void {
    const returned = status.state === "up" && this.daemon.state !== "up";
    this.daemon = status;
    if (returned) {
      this.#showAll();
      this.changes.emit({ kind: "lagged", id: "" });
    }
  }

  #changed(change: Change): void {
    this.health.reload();
    if (change.kind === "alert" || change.kind === "lagged") this.alerts.reload();
    if (["card", "authorization", "alert", "lagged"].includes(change.kind)) this.cards.reload();
    if (["settings", "health", "lagged"].includes(change.kind) || this.testClock) this.status.reload();
    if (change.kind === "rule") this.#rules.reload();
    this.changes.emit(change);
  }

  #newest(list: AlertList): AlertList {
    const newest = list.items[0];
    if (newest !== undefined && newest.id !== this.#seenAlert) {
      if (this.#seenAlert !== null) this.announced = `New alert: ${newest.title}`;
      this.#seenAlert = newest.id;
    } else if (newest === undefined) {
      this.#seenAlert = "";
    }
    return list;
  }

  /** A test clock stands where the daemon says; a real one runs on from its last answer. */
  #clock(): number {
    const status = this.status.data;
    const asOf = this.status.asOf;
    if (status === null || asOf === null) return Date.now();
    const told = Date.parse(status.now);
    return status.clock === "test" ? told : told + (Date.now() - asOf);
  }
}

export const desk = new Desk();
