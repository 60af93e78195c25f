/** The filters of the lists, shared by their menus and the palette. Addresses hold what is chosen. */
import type { CardList } from "./api/client";
import type { Command } from "./commands.svelte";
import { count } from "./format";
import { ANY_STATUS, CARD_SORTS, SEVERITIES, SNOOZED } from "./lists";
import type { QueryPatch, Route } from "./route";
import { alertStatus, cardStatus, severity } from "./words";

type CardCounts = CardList["counts"];

export interface Filter {
  /** Its name in the address. */
  key: string;
  label: string;
  options: readonly { value: string; text: string }[];
  /** What an address without it means. */
  standard: string;
}

export const ALERT_FILTER_KEYS = ["q", "rule", "severity", "mine", "simulated", "card"] as const;
export const CARD_FILTER_KEYS = ["q", "status"] as const;

export const ALERT_STATUS_FILTER: Filter = {
  key: "status",
  label: "Status",
  standard: "open",
  options: [
    { value: "open", text: "Open" },
    { value: "in_review", text: alertStatus("in_review").text },
    { value: SNOOZED, text: "Snoozed" },
    { value: "resolved", text: "Resolved" },
    { value: ANY_STATUS, text: "All" },
  ],
};

/** The filters beside the status; rules are the daemon's. */
export function alertFilters(rules: readonly { id: string; name: string }[]): Filter[] {
  return [
    {
      key: "rule",
      label: "Rule",
      standard: "",
      options: [{ value: "", text: "Any rule" }, ...rules.map(({ id, name }) => ({ value: id, text: name }))],
    },
    {
      key: "severity",
      label: "Severity",
      standard: "",
      options: [
        { value: "", text: "Any severity" },
        ...SEVERITIES.map((code) => ({ value: code, text: severity(code).text })),
      ],
    },
    {
      key: "simulated",
      label: "Kind",
      standard: "",
      options: [
        { value: "", text: "All kinds" },
        { value: "false", text: "Real only" },
        { value: "true", text: "Simulated only" },
      ],
    },
  ];
}

export const CARD_STATUS_FILTER: Filter = {
  key: "status",
  label: "State",
  standard: "",
  options: [
    { value: "", text: "All cards" },
    { value: "active", text: cardStatus("active").text },
    { value: "deactivated", text: cardStatus("deactivated").text },
    { value: "held", text: cardStatus("held").text },
  ],
};

/** The states with how many cards are in each, once that is known. */
export function cardStatusItems(counts: CardCounts | undefined): { value: string; text: string; note?: string }[] {
  if (counts === undefined) return [...CARD_STATUS_FILTER.options];
  const by: Record<string, number | undefined> = { ...counts, "": counts.all };
  return CARD_STATUS_FILTER.options.map((option) => ({ ...option, note: count(by[option.value] ?? 0) }));
}

const SORT_WORDS: Record<(typeof CARD_SORTS)[number], string> = {
  last_swipe: "newest swipe first",
  open_alerts: "most open alerts first",
  masked_number: "by card number",
};
export const CARD_SORT_FILTER: Filter = {
  key: "sort",
  label: "Sort",
  standard: "last_swipe",
  options: CARD_SORTS.map((value) => ({ value, text: SORT_WORDS[value] })),
};

/** What is chosen in a filter; an address may hold what nobody offers. */
export function chosen(filter: Filter, query: Route["query"]): string {
  const value = query[filter.key] ?? filter.standard;
  return filter.options.some((option) => option.value === value) ? value : filter.standard;
}

/** What a filter's button says: what it filters by, or only its name while it lets all through. */
export function chosenText(filter: Filter, query: Route["query"]): string {
  if (chosen(filter, query) === filter.standard) return filter.label;
  return filter.options.find((option) => option.value === chosen(filter, query))?.text ?? filter.label;
}

/** The change of address that chooses `value`. Another status is another list, so nothing stays selected. */
export function choosing(filter: Filter, value: string): QueryPatch {
  return { [filter.key]: value === filter.standard ? null : value, ...(filter.key === "status" ? { id: null } : {}) };
}

export function filterCommands(
  filters: readonly Filter[],
  query: Route["query"],
  patch: (query: QueryPatch) => void,
): Command[] {
  return filters.flatMap((filter) =>
    filter.options.map((option) => ({
      id: `filter.${filter.key}.${option.value}`,
      label: `${filter.label}: ${option.text}`,
      group: "Filter",
      why: chosen(filter, query) === option.value ? "Shown now" : undefined,
      run: () => patch(choosing(filter, option.value)),
    })),
  );
}

/** An address without the filters named. */
export function without(keys: readonly string[]): QueryPatch {
  return Object.fromEntries(keys.map((key) => [key, null]));
}
