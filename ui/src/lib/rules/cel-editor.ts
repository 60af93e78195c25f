/**
 * The editor of expressions: CodeMirror with the words of our rules. In a chunk of its own, loaded when a
 * rule is edited. Owns how text is shown and completed; must not know what a rule is or who judges it.
 */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completing, placeOf, type WordGroup } from "./vocabulary";

const KEYWORDS = new Set(["true", "false", "null", "in"]);

const cel = StreamLanguage.define<null>({
  name: "cel",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match("//")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.match(/^"(\\.|[^"\\])*"?/) || stream.match(/^'(\\.|[^'\\])*'?/)) return "string";
    if (stream.match(/^\d+(\.\d+)?/)) return "number";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (word !== null && word !== false && word !== true) {
      if (KEYWORDS.has(word[0])) return "keyword";
      if (stream.match(/^\s*\(/, false)) return "function";
      return word[0] === "p" || word[0] === "list" ? "parameter" : "variableName";
    }
    if (stream.match(/^[&|!<>=+\-*/%?:]+/)) return "operator";
    stream.next();
    return null;
  },
  tokenTable: { function: tags.function(tags.variableName), parameter: tags.special(tags.variableName) },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: tags.string, color: "var(--good)" },
  { tag: tags.number, color: "var(--warning)" },
  { tag: [tags.keyword, tags.bool], color: "var(--accent)", fontWeight: "600" },
  { tag: tags.function(tags.variableName), color: "var(--accent)" },
  { tag: tags.special(tags.variableName), color: "var(--warning)" },
  { tag: tags.operator, color: "var(--text-2)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text-1)", backgroundColor: "transparent", fontSize: "var(--fs-2)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", fontFeatureSettings: '"calt" 0' },
  ".cm-content": { caretColor: "var(--text-1)", padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text-1)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft)",
  },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--text-3)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "24px", padding: "0 6px 0 4px" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--surface-3)", outline: "1px solid var(--line-strong)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--critical)",
    textUnderlineOffset: "3px",
    backgroundColor: "var(--critical-soft)",
  },
  ".cm-tooltip": { border: "0", borderRadius: "6px", backgroundColor: "var(--surface-1)", color: "var(--text-1)", boxShadow: "var(--shadow)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "15em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px", lineHeight: "1.6" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text-1)" },
  ".cm-completionDetail": { color: "var(--text-3)", fontStyle: "normal" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600", color: "var(--accent)" },
  ".cm-tooltip.cm-completionInfo": { maxWidth: "300px", padding: "6px 8px", fontFamily: "var(--font)", lineHeight: "1.45" },
  ".cm-diagnostic": { padding: "4px 8px", borderLeft: "3px solid var(--critical)", fontFamily: "var(--font)" },
});

export interface CelEditorOptions {
  parent: HTMLElement;
  text: string;
  label: string;
  /** Id of what says whether it is right. */
  describedBy: string;
  groups: () => readonly WordGroup[];
  onchange: (text: string) => void;
  onpalette: () => void;
}

export interface CelEditor {
  /** Shows another text; the same one changes nothing. */
  setText(text: string): void;
  /** Puts a word where the cursor is, and goes on there. */
  insert(word: string): void;
  /** Marks a mistake; null takes the mark away. */
  mark(mistake: { line: number; column: number; message: string } | null): void;
  focus(): void;
  destroy(): void;
}

function source(groups: () => readonly WordGroup[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const line = context.state.doc.lineAt(context.pos);
    const found = completing(line.text.slice(0, context.pos - line.from), groups());
    if (found === null) {
      if (!context.explicit) return null;
      const all = groups().flatMap((group) => group.words);
      return { from: context.pos, options: all.map(({ name, kind, meaning }) => ({ label: name, detail: kind, info: meaning })) };
    }
    return {
      from: line.from + found.from,
      options: found.words.map(({ name, kind, meaning }) => ({
        label: name,
        detail: kind,
        info: meaning,
        ...(kind === "function" ? { apply: `${name}(` } : {}),
      })),
      filter: false,
    };
  };
}

export function makeCelEditor(options: CelEditorOptions): CelEditor {
  const validity = new Compartment();
  const attributes = (wrong: boolean) =>
    EditorView.contentAttributes.of({
      "aria-label": options.label,
      "aria-describedby": options.describedBy,
      "aria-invalid": String(wrong),
      spellcheck: "false",
      autocapitalize: "off",
    });
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        EditorView.lineWrapping,
        cel,
        syntaxHighlighting(colours),
        look,
        validity.of(attributes(false)),
        autocompletion({ override: [source(options.groups)], icons: false, maxRenderedOptions: 60 }),
        // Tab is nobody's here but the open completion's, so that it leaves the editor.
        keymap.of([
          { key: "Tab", run: acceptCompletion },
          { key: "Mod-k", run: () => (options.onpalette(), true) },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...historyKeymap,
          ...defaultKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onchange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(text) {
      const now = view.state.doc.toString();
      if (text !== now) view.dispatch({ changes: { from: 0, to: now.length, insert: text } });
    },
    insert(word) {
      const { from, to } = view.state.selection.main;
      view.dispatch({ changes: { from, to, insert: word }, selection: { anchor: from + word.length }, scrollIntoView: true });
      view.focus();
    },
    mark(mistake) {
      const text = view.state.doc.toString();
      const place = mistake === null ? null : placeOf(text, mistake.line, mistake.column);
      const found =
        mistake === null || place === null ? [] : [{ ...place, severity: "error" as const, message: mistake.message }];
      view.dispatch(setDiagnostics(view.state, found));
      view.dispatch({ effects: validity.reconfigure(attributes(mistake !== null)) });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
