/**
 * One door to the daemon: the window's native half when there is one, plain fetch in a browser
 * (development only). The bearer token never enters the webview.
 */
import { invoke } from "@tauri-apps/api/core";
import { asDaemonError } from "./errors";

/** Only the path after it is used: the native half knows where the daemon listens. */
export const DESK_ORIGIN = "http://desk.invalid";

interface NativeAnswer {
  status: number;
  body: string;
  content_type: string;
}

export function inWindow(): boolean {
  return typeof window !== "undefined" && "__TAURI_INTERNALS__" in window;
}

/** Answers without a body; `Response` refuses one for these. */
const BODILESS = new Set([204, 205, 304]);

async function throughWindow(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const body = request.method === "GET" ? null : await request.text();
  try {
    const answer = await invoke<NativeAnswer>("call_daemon", {
      request: { method: request.method, path: url.pathname + url.search, body: body === "" ? null : body },
    });
    return new Response(BODILESS.has(answer.status) ? null : answer.body, {
      status: answer.status,
      headers: { "content-type": answer.content_type },
    });
  } catch (thrown) {
    throw asDaemonError(thrown);
  }
}

/** In a browser the page's own origin is asked; `npm run dev` passes it on and adds the token. */
async function throughBrowser(request: Request): Promise<Response> {
  const asked = new URL(request.url);
  const body = request.method === "GET" ? null : await request.text();
  return fetch(asked.pathname + asked.search, {
    method: request.method,
    body: body === "" ? null : body,
    headers: { "content-type": "application/json" },
  });
}

export function daemonFetch(request: Request): Promise<Response> {
  return inWindow() ? throughWindow(request) : throughBrowser(request);
}
