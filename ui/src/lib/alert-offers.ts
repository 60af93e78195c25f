/** What can be done to the alerts a person has chosen, one or many; the same for keys, palette and buttons. */
import type { Alert } from "./api/client";
import { alertActs, type Disposition } from "./alert-acts.svelte";
import type { Command, Offer, Offers } from "./commands.svelte";
import { desk } from "./desk.svelte";
import { SNOOZES, WAKE } from "./snoozes";

export interface Chosen {
  alerts: () => readonly Alert[];
  /** Called once an act on several has begun. */
  begun: () => void;
  /** Called once a disposition has begun: a queue moves on by itself. */
  decided?: () => void;
}

const NOTHING = "Select an alert first";
const isResolved = (alert: Alert): boolean => alertActs.shown(alert).status === "resolved";
export const isSnoozed = (alert: Alert): boolean =>
  alert.snoozed_until != null && Date.parse(alert.snoozed_until) > desk.now;

/** Why nothing can be decided on these; undefined when something can. */
function whyNot(alerts: readonly Alert[]): string | undefined {
  if (alerts.length === 0) return NOTHING;
  if (!alerts.every(isResolved)) return undefined;
  return alerts.length === 1 ? "Already resolved" : "All are resolved";
}

export function alertOffers(chosen: Chosen): Offers {
  const open = () => chosen.alerts().filter((alert) => !isResolved(alert));
  const begin = (act: (alerts: readonly Alert[]) => Promise<unknown>): void => {
    void act(open());
    chosen.begun();
  };
  const decide = (disposition: Disposition): Offer => ({
    run: () => {
      begin((alerts) => alertActs.dispose(alerts, disposition));
      chosen.decided?.();
    },
    why: () => {
      // A fault of the feed cannot be a shopper's fraud.
      const gap = disposition === "confirmed_fraud" && chosen.alerts().some((alert) => alert.gap_kind != null);
      return gap ? "A feed fault is nobody's fraud" : whyNot(chosen.alerts());
    },
  });
  return {
    confirmed_fraud: decide("confirmed_fraud"),
    false_positive: decide("false_positive"),
    inconclusive: decide("inconclusive"),
    reopen: {
      run: () => {
        void alertActs.reopen(chosen.alerts().filter(isResolved));
        chosen.begun();
      },
      why: () =>
        chosen.alerts().length === 0 ? NOTHING : chosen.alerts().some(isResolved) ? undefined : "Not resolved",
    },
    assign: {
      label: () => {
        const alerts = open();
        const mine = alerts.length > 0 && alerts.every((alert) => alert.assigned_to === desk.me);
        return mine && desk.me !== "" ? "Unassign" : "Assign to me";
      },
      run: () => begin((alerts) => alertActs.toggleMine(alerts)),
      why: () => whyNot(chosen.alerts()) ?? (desk.me === "" ? "Not known yet who you are" : undefined),
    },
  };
}

/** Each length of snooze as a command of its own; the key opens a menu of the same. */
export function snoozeCommands(chosen: Chosen): Command[] {
  const choices = chosen.alerts().some(isSnoozed) ? [...SNOOZES, WAKE] : SNOOZES;
  return choices.map((choice) => ({
    id: `snooze.${choice.value}`,
    label: choice === WAKE ? WAKE.text : `Snooze: ${choice.text}`,
    group: "Decide",
    why: whyNot(chosen.alerts()),
    run: () => snoozeChosen(chosen, choice.value),
  }));
}

export function snoozeChosen(chosen: Chosen, value: string): void {
  const choice = [...SNOOZES, WAKE].find((each) => each.value === value);
  const open = chosen.alerts().filter((alert) => !isResolved(alert));
  if (choice === undefined || open.length === 0) return;
  void alertActs.snooze(open, choice.until(desk.now));
  chosen.begun();
}
