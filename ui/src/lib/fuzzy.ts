/** How well a text answers to a few typed letters. */

const WORD_START = 8;
const CONSECUTIVE = 5;
const LETTER = 1;
const LETTERS_SKIPPED_MAX = 8;

/** Higher is better; null when the letters do not occur in this order. Words may be typed in any order. */
export function fuzzyScore(typed: string, text: string): number | null {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  let score = 0;
  for (const word of words) {
    const one = wordScore(word, text.toLowerCase());
    if (one === null) return null;
    score += one;
  }
  // Of two equal matches the shorter text is meant.
  return score - text.length / 100;
}

function wordScore(word: string, text: string): number | null {
  let best: number | null = null;
  for (let start = text.indexOf(word.charAt(0)); start >= 0; start = text.indexOf(word.charAt(0), start + 1)) {
    const score = scoreFrom(word, text, start);
    if (score !== null && (best === null || score > best)) best = score;
  }
  return best;
}

function scoreFrom(word: string, text: string, start: number): number | null {
  let score = 0;
  let at = start - 1;
  let skipped = 0;
  for (const letter of word) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    const gap = next - at - 1;
    const beginsWord = next === 0 || /[^a-z0-9]/.test(text.charAt(next - 1));
    score += beginsWord ? WORD_START : gap === 0 && next > start ? CONSECUTIVE : LETTER;
    if (next > start) skipped += gap;
    at = next;
  }
  // Letters strewn over a whole sentence are chance, not a match.
  return skipped > LETTERS_SKIPPED_MAX ? null : score - skipped;
}
