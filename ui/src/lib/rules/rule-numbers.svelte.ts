/** How each rule did so far, for wherever a rule has fired: read once and again when somebody decides. */
import { rulesApi, type RuleStatistics } from "../api/rules";
import { desk } from "../desk.svelte";
import { Resource } from "../resource.svelte";

/** A precision may lag a decision by this much. */
const LAG_MS = 10_000;

class RuleNumbers {
  readonly #statistics = new Resource(() => rulesApi.statistics(), LAG_MS);

  /** Keeps up while an effect lives. */
  follow(): () => void {
    if (this.#statistics.data === null) this.#statistics.show("");
    return desk.changes.on(({ kind }) => {
      if (kind === "alert" || kind === "lagged") this.#statistics.reload();
    });
  }
  of(rule: string): RuleStatistics | undefined {
    return this.#statistics.data?.items.find((each) => each.rule === rule);
  }
}

export const ruleNumbers = new RuleNumbers();
