import type { ListKind } from "$lib/api/rules";
import type { Tone } from "$lib/words";

/** What a list is for, in words; the rules that name it decide. */
export const LIST_KINDS: readonly { value: ListKind; text: string; means: string; tone: Tone }[] = [
  { value: "allow", text: "Allow", means: "Rules leave alone what stands in it", tone: "good" },
  { value: "deny", text: "Deny", means: "Rules act on what stands in it", tone: "critical" },
  { value: "custom", text: "Custom", means: "Whatever its rules make of it", tone: "neutral" },
];
