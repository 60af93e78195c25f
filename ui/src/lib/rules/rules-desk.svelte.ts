/** What the rules screens share: rules in force, drafts, statistics, and edits that nobody has proposed yet. */
import { asDaemonError, type DaemonError } from "../api/errors";
import { rulesApi, type Draft, type Rule, type RuleMode, type RuleOutcome, type RuleStatistics, type Severity } from "../api/rules";
import { desk } from "../desk.svelte";
import { Resource } from "../resource.svelte";
import { toasts } from "../toasts.svelte";
import { reasonName } from "../words";
import { isSame, ruleDiff, type RuleBody } from "./diff";
import { askedOf, askedRule, bodyOf, formOf, isChanged, judgesAlike, newForm, type RuleForm } from "./form";
import { draftRefusal } from "./words";

/** One row of the list: in force, proposed for the first time, or only begun. */
export interface ListedRule {
  id: string;
  name: string;
  mode: RuleMode;
  outcome: RuleOutcome;
  severity: Severity;
  rule: Rule | null;
  draft: Draft | undefined;
  statistics: RuleStatistics | undefined;
  unsaved: boolean;
}

/** Statistics and drafts may lag the feed by this much. */
const STATISTICS_MS = 5_000;

class RulesDesk {
  readonly rules = new Resource(() => rulesApi.all());
  readonly drafts = new Resource(() => rulesApi.drafts());
  readonly statistics = new Resource(() => rulesApi.statistics(), STATISTICS_MS);
  readonly vocabulary = new Resource(() => rulesApi.vocabulary());
  readonly replays = new Resource(() => rulesApi.replays());
  /** Edits by rule, kept while one looks elsewhere. */
  #edits: Record<string, RuleForm> = $state({});
  /** Something is being sent: the id of the rule it is about. */
  busy: string | null = $state(null);
  /** Why the last act on a rule was refused, by rule. */
  refusals: Record<string, string> = $state({});

  readonly secondPerson = $derived(this.drafts.data?.second_person === true);
  readonly listed: ListedRule[] = $derived(this.#listed());
  readonly unsaved: ListedRule[] = $derived(this.listed.filter((each) => each.unsaved));

  /** Reads everything and follows what changes; answers how to stop. */
  follow(): () => void {
    for (const resource of [this.rules, this.drafts, this.statistics, this.vocabulary, this.replays]) resource.show("");
    return desk.changes.on(({ kind }) => {
      const all = kind === "lagged";
      if (all || kind === "rule") this.rules.reload();
      if (all || kind === "rule" || kind === "draft") this.drafts.reload();
      if (all || kind === "alert") this.statistics.reload();
      if (all || kind === "list" || kind === "rule") this.vocabulary.reload();
      if (all || kind === "replay") this.replays.reload();
    });
  }

  ruleOf(id: string): Rule | null {
    return this.rules.data?.items.find((rule) => rule.id === id) ?? null;
  }
  draftsOf(id: string): Draft[] {
    return (this.drafts.data?.items ?? []).filter((draft) => draft.rule.id === id && draft.status === "open");
  }
  statisticsOf(id: string): RuleStatistics | undefined {
    return this.statistics.data?.items.find((each) => each.rule === id);
  }
  editOf(id: string): RuleForm | undefined {
    return this.#edits[id];
  }
  isUnsaved(id: string): boolean {
    const form = this.#edits[id];
    return form !== undefined && isChanged(form, form.base);
  }
  /** Whether the rule was changed by somebody since its form was begun. */
  isOvertaken(id: string): boolean {
    const form = this.#edits[id];
    const rule = this.ruleOf(id);
    if (form === undefined || form.base === null || form.fromDraft !== null || rule === null) return false;
    return !isSame(ruleDiff(form.base, rule));
  }

  /**
   * Begins to edit a rule, or goes on; a form that nobody has touched follows what is in force.
   * To be called in an event or effect, not while rendering.
   */
  edit(id: string): void {
    const form = this.#edits[id];
    const stale =
      form !== undefined &&
      !this.isUnsaved(id) &&
      (form.fromDraft === null ? this.isOvertaken(id) : !this.draftsOf(id).some((draft) => draft.id === form.fromDraft));
    if (form !== undefined && !stale) return;
    if (stale) delete this.#edits[id];
    const rule = this.ruleOf(id);
    const draft = this.draftsOf(id)[0];
    if (rule !== null) this.#edits[id] = formOf(rule);
    else if (draft !== undefined) this.#edits[id] = formOf(draft.rule, draft.id);
  }
  begin(id: string, name: string): void {
    this.#edits[id] = newForm(id, name);
  }
  /** Takes a draft, or another wording, into the form in place of what stands there. */
  take(body: RuleBody & { id: string }, fromDraft: string | null): void {
    this.#edits[body.id] = formOf(body, fromDraft);
    delete this.refusals[body.id];
  }
  discard(id: string): void {
    delete this.#edits[id];
    delete this.refusals[id];
  }
  discardAll(): void {
    this.#edits = {};
  }

  /** Whether a finished replay tried what `body` would do. */
  isReplayed(body: RuleBody & { id: string }): boolean {
    return (this.replays.data?.items ?? []).some(
      (replay) => replay.status === "done" && replay.rule.id === body.id && judgesAlike(replay.rule, body),
    );
  }

  /** Keeps what the form says as a draft; true when it was kept. */
  async propose(form: RuleForm): Promise<boolean> {
    const replaced = form.fromDraft;
    return this.#act(form.id, async () => {
      await rulesApi.propose(askedOf(form));
      delete this.#edits[form.id];
      // The old draft goes only once the new one is kept; decided meanwhile, it is gone anyway.
      if (replaced !== null) await rulesApi.withdraw(replaced).catch(() => undefined);
      toasts.show(`Change of ${form.name} proposed. The rule stays as it is until somebody publishes it.`, "good");
    });
  }

  /** An earlier version once more, as a draft. */
  async restore(version: Rule): Promise<boolean> {
    return this.#act(version.id, async () => {
      await rulesApi.propose(askedRule(version));
      toasts.show(`Version ${version.version} of ${version.name} is a draft now.`, "good");
    });
  }

  async publish(draft: Draft): Promise<boolean> {
    return this.#act(draft.rule.id, async () => {
      const rule = await rulesApi.publish(draft.id);
      toasts.show(`${rule.name} is at version ${rule.version}. It holds from the next swipe.`, "good");
    });
  }

  async withdraw(draft: Draft): Promise<boolean> {
    return this.#act(draft.rule.id, async () => {
      await rulesApi.withdraw(draft.id);
      toasts.show(`Draft of ${draft.rule.name} withdrawn. The rule stays as it is.`);
    });
  }

  async #act(id: string, call: () => Promise<void>): Promise<boolean> {
    if (this.busy !== null) return false;
    this.busy = id;
    delete this.refusals[id];
    try {
      await call();
      return true;
    } catch (thrown) {
      this.refusals[id] = draftRefusal(asDaemonError(thrown));
      return false;
    } finally {
      this.busy = null;
      this.rules.reload();
      this.drafts.reload();
    }
  }

  get error(): DaemonError | null {
    return this.rules.error;
  }

  #listed(): ListedRule[] {
    const inForce = this.rules.data?.items ?? [];
    const known = new Set(inForce.map((rule) => rule.id));
    const rows = inForce.map((rule) => this.#row(rule.id, rule, rule));
    const drafts = (this.drafts.data?.items ?? []).filter(({ rule, status }) => status === "open" && !known.has(rule.id));
    for (const { rule } of drafts) {
      if (!known.has(rule.id)) rows.push(this.#row(rule.id, rule, null));
      known.add(rule.id);
    }
    const begun = Object.values(this.#edits).filter((form) => !known.has(form.id) && this.rules.data !== null);
    return [...rows, ...begun.map((form) => this.#row(form.id, bodyOf(form), null))];
  }

  #row(id: string, said: RuleBody, rule: Rule | null): ListedRule {
    const name = reasonName({ rule: id, rule_name: said.name });
    return {
      id,
      name: name === "" ? id : name,
      mode: said.mode,
      outcome: said.outcome,
      severity: said.severity,
      rule,
      draft: this.draftsOf(id)[0],
      statistics: this.statisticsOf(id),
      unsaved: this.isUnsaved(id),
    };
  }
}

export const rulesDesk = new RulesDesk();
