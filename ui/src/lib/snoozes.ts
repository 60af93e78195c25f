/** For how long an alert can be put aside. */
import { minutesFrom, tomorrowAtEight } from "./format";

export interface Snooze {
  value: string;
  text: string;
  /** When it wakes, from `now`; null wakes it now. */
  until: (now: number) => string | null;
}

export const SNOOZES: readonly Snooze[] = [
  { value: "15", text: "15 min", until: (now) => minutesFrom(now, 15) },
  { value: "60", text: "1 h", until: (now) => minutesFrom(now, 60) },
  { value: "240", text: "4 h", until: (now) => minutesFrom(now, 240) },
  { value: "tomorrow", text: "Until tomorrow 08:00", until: tomorrowAtEight },
];
export const WAKE: Snooze = { value: "wake", text: "Wake it now", until: () => null };
