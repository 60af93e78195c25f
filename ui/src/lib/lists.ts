/** The live lists of the window. They outlive their screens, so that going back finds them as they were. */
import {
  PAGE_ROWS,
  api,
  type Alert,
  type AlertList,
  type AlertQuery,
  type Authorization,
  type AuthorizationQuery,
  type Card,
  type CardList,
  type CardQuery,
} from "./api/client";
import { LiveList, type Page } from "./live-list.svelte";
import { oneOf, type Route } from "./route";

export const CARD_SORTS = ["last_swipe", "open_alerts", "masked_number"] as const;
export const CARD_STATUSES = ["active", "deactivated", "held"] as const;
export const ALERT_STATUSES = ["open", "in_review", "resolved"] as const;
export const SEVERITIES = ["critical", "warning", "info"] as const;

/** Alerts of all states are asked for by this word, so that no word can mean the open ones. */
export const ANY_STATUS = "all";
/** Snoozed alerts are open ones that a person put aside; only this word lists them. */
export const SNOOZED = "snoozed";

export function cardQuery(query: Route["query"]): CardQuery {
  return {
    status: oneOf(query["status"], CARD_STATUSES),
    q: query["q"],
    sort: oneOf(query["sort"], CARD_SORTS) ?? "last_swipe",
    limit: PAGE_ROWS,
  };
}

export function alertQuery(query: Route["query"], me: string): AlertQuery {
  const wide = query["status"] === ANY_STATUS || query["status"] === SNOOZED;
  const status = wide ? undefined : (oneOf(query["status"], ALERT_STATUSES) ?? "open");
  const simulated = oneOf(query["simulated"], ["true", "false"] as const);
  return {
    status,
    snoozed: query["status"] === SNOOZED ? true : status === "open" ? false : undefined,
    rule: query["rule"],
    card_id: query["card"],
    severity: oneOf(query["severity"], SEVERITIES),
    assignee: query["mine"] === "1" && me !== "" ? me : undefined,
    simulated: simulated === undefined ? undefined : simulated === "true",
    q: query["q"],
    limit: PAGE_ROWS,
  };
}

export const cardList = new LiveList<Card, CardQuery, CardList>({
  id: (card) => card.id,
  // Only in the order of swipes does a card rise by itself.
  rank: (card, query) => (query.sort === "last_swipe" ? (card.last_swipe_at ?? "") : ""),
  page: (query, cursor) => api.cards({ ...query, cursor }),
  one: (id) => api.card(id),
});

export const alertList = new LiveList<Alert, AlertQuery, AlertList>({
  id: (alert) => alert.id,
  rank: (alert) => alert.raised_at,
  page: (query, cursor) => api.alerts({ ...query, cursor }),
  one: (id) => api.alert(id),
});

/** A list of swipes: one for a card's own screen, one for what happens now. */
export function swipeList(): LiveList<Authorization, AuthorizationQuery, Page<Authorization>> {
  return new LiveList<Authorization, AuthorizationQuery, Page<Authorization>>({
    id: (swipe) => swipe.id,
    rank: (swipe) => swipe.received_at,
    page: (query, cursor) => api.authorizations({ ...query, cursor }),
    one: (id) => api.authorization(id),
  });
}

/** The newest swipes of all cards. */
export const swipesNow = swipeList();
