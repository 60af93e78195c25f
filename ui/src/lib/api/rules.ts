/** The daemon's calls about rules: what is in force, drafts, replays and the lists that rules look into. */
import createClient from "openapi-fetch";
import { answerOf, asDaemonError, errorFromAnswer } from "./errors";
import type { components, paths } from "./schema";
import { DESK_ORIGIN, daemonFetch } from "./transport";

type Schemas = components["schemas"];
export type AskedRule = Schemas["AskedRule"];
export type Checked = Schemas["Checked"];
export type Draft = Schemas["Draft"];
export type DraftList = Schemas["DraftList"];
export type Imported = Schemas["Imported"];
export type ListKind = Schemas["ListKind"];
export type NamedList = Schemas["NamedList"];
export type ParameterValue = Schemas["Parameter"];
export type Replay = Schemas["Replay"];
export type ReplayExample = Schemas["ReplayExample"];
export type ReplayGroup = Schemas["ReplayGroup"];
export type ReplayResult = Schemas["ReplayResult"];
export type ReplaySide = Schemas["ReplaySide"];
export type Rule = Schemas["Rule"];
export type RuleFailure = Schemas["RuleFailure"];
export type RuleMode = Schemas["RuleMode"];
export type RuleOutcome = Schemas["RuleOutcome"];
export type RuleStatistics = Schemas["RuleStatistics"];
export type Severity = Schemas["Severity"];
export type Vocabulary = Schemas["Vocabulary"];
export type VocabularyWord = Schemas["Word"];

const client = createClient<paths>({ baseUrl: DESK_ORIGIN, fetch: daemonFetch });
const one = (id: string) => ({ params: { path: { id } } });

/** Entries of a list fetched at a time. */
const ENTRIES_PAGE = 200;

export const rulesApi = {
  all: () => answerOf(client.GET("/v1/rules")),
  statistics: () => answerOf(client.GET("/v1/rules/statistics")),
  vocabulary: () => answerOf(client.GET("/v1/rules/vocabulary")),
  versions: (id: string) => answerOf(client.GET("/v1/rules/{id}/versions", one(id))),
  check: (body: AskedRule) => answerOf(client.POST("/v1/rules/check", { body })),

  drafts: () => answerOf(client.GET("/v1/drafts")),
  propose: (body: AskedRule): Promise<Draft> => answerOf(client.POST("/v1/drafts", { body })),
  publish: (id: string) => answerOf(client.POST("/v1/drafts/{id}/publish", one(id))),
  withdraw: (id: string) => answerOf(client.POST("/v1/drafts/{id}/withdraw", one(id))),

  replays: () => answerOf(client.GET("/v1/replays")),
  replay: (id: string) => answerOf(client.GET("/v1/replays/{id}", one(id))),
  startReplay: (rule: AskedRule, from: string, to: string | null) =>
    answerOf(client.POST("/v1/replays", { body: { rule, from, to } })),
  cancelReplay: (id: string) => answerOf(client.POST("/v1/replays/{id}/cancel", one(id))),

  lists: () => answerOf(client.GET("/v1/lists")),
  putList: (id: string, kind: ListKind, note: string) =>
    answerOf(client.PUT("/v1/lists/{id}", { ...one(id), body: { kind, note } })),
  deleteList,
  entries: (id: string, q: string, cursor: string | undefined) =>
    answerOf(
      client.GET("/v1/lists/{id}/entries", {
        params: { path: { id }, query: { q: q === "" ? undefined : q, limit: ENTRIES_PAGE, cursor } },
      }),
    ),
  changeEntries: (id: string, change: { add?: string[]; remove?: string[] }) =>
    answerOf(client.POST("/v1/lists/{id}/entries", { ...one(id), body: change })),
  importEntries: (id: string, csv: string, replace: boolean) =>
    answerOf(
      client.POST("/v1/lists/{id}/import", {
        params: { path: { id }, query: { replace } },
        body: csv,
        // The text as it is: quoted as JSON it would be one strange line.
        bodySerializer: (text) => text,
        headers: { "content-type": "text/csv" },
      }),
    ),
};

/** Deletes a list; its answer has no body, which the usual reading would take for a failure. */
async function deleteList(id: string): Promise<void> {
  let answer;
  try {
    answer = await client.DELETE("/v1/lists/{id}", one(id));
  } catch (thrown) {
    throw asDaemonError(thrown);
  }
  if (!answer.response.ok) throw errorFromAnswer(answer.error, answer.response.status);
}
