/** What changed, told by the daemon: relayed by the native half, or read as a stream in a browser. */
import { listen } from "@tauri-apps/api/event";
import type { DaemonStatus } from "./native";
import { inWindow } from "./transport";

export interface Change {
  /** `lagged` means some were lost: refetch everything. */
  kind: string;
  id: string;
}

export interface DaemonListener {
  changed(change: Change): void;
  daemonStatus(status: DaemonStatus): void;
  openAlert(id: string): void;
  quitAsked(): void;
}

/** Starts listening and answers how to stop. */
export function listenToDaemon(listener: DaemonListener): () => void {
  return inWindow() ? listenInWindow(listener) : listenInBrowser(listener);
}

function listenInWindow(listener: DaemonListener): () => void {
  const stops = [
    listen<Change>("daemon-changed", (event) => listener.changed(event.payload)),
    listen<DaemonStatus>("daemon-status", (event) => listener.daemonStatus(event.payload)),
    listen<{ id: string }>("open-alert", (event) => listener.openAlert(event.payload.id)),
    listen("quit-asked", () => listener.quitAsked()),
  ];
  return () => {
    for (const stop of stops) void stop.then((unlisten) => unlisten());
  };
}

/** Pause before the stream is opened again, so that a dead daemon is not hammered. */
const RECONNECT_MS = 2_000;

function listenInBrowser(listener: DaemonListener): () => void {
  const stopped = new AbortController();
  const tell = (state: DaemonStatus["state"], message: string) =>
    listener.daemonStatus({ state, message, since: new Date().toISOString(), adopted: true });
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await readStream(stopped.signal, listener, () => {
          tell("up", "");
          listener.changed({ kind: "lagged", id: "" });
        });
      } catch {
        if (stopped.signal.aborted) return;
      }
      tell("down", "The daemon is not answering.");
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  };
  void run();
  return () => stopped.abort();
}

async function readStream(signal: AbortSignal, listener: DaemonListener, opened: () => void): Promise<void> {
  const response = await fetch("/v1/events", { signal });
  const reader = response.body?.getReader();
  if (!response.ok || reader === undefined) throw new Error("no event stream");
  opened();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const change = changeFrom(line);
      if (change !== null) listener.changed(change);
    }
  }
}

/** One line of the stream as a change; comments, blank and broken lines are null. */
export function changeFrom(line: string): Change | null {
  if (!line.startsWith("data:")) return null;
  try {
    const parsed: unknown = JSON.parse(line.slice("data:".length));
    if (typeof parsed !== "object" || parsed === null || !("kind" in parsed)) return null;
    const id = "id" in parsed ? parsed.id : "";
    return typeof parsed.kind === "string" ? { kind: parsed.kind, id: typeof id === "string" ? id : "" } : null;
  } catch {
    return null;
  }
}
