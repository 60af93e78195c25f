/** The address in force. Screens read `router.route`; moving is a change of address. */
import { formatRoute, parseRoute, withQuery, type QueryPatch, type Route, type Screen } from "./route";

/** WebKit refuses more than 100 history changes in 30 s, which a held J would make. */
const SETTLE_MS = 200;

/** Asked before another screen is shown; true when it holds the move and will call `go` itself, or never. */
type Guard = (to: Route, go: () => void) => boolean;

class Router {
  route: Route = $state.raw(parseRoute(typeof location === "undefined" ? "" : location.hash));
  #hash = typeof location === "undefined" ? "" : location.hash;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #guard: Guard | null = null;

  /** Starts following the address and answers how to stop. */
  start(): () => void {
    const follow = () => {
      const asked = location.hash;
      if (asked !== this.#hash && this.#held(asked, () => this.goTo(asked))) {
        history.pushState(null, "", this.#hash);
        return;
      }
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#show(location.hash);
    };
    follow();
    window.addEventListener("hashchange", follow);
    window.addEventListener("popstate", follow);
    return () => {
      window.removeEventListener("hashchange", follow);
      window.removeEventListener("popstate", follow);
    };
  }

  go(screen: Screen, id = "", query: QueryPatch = {}): void {
    this.#move(formatRoute(screen, id, query), false);
  }

  /** Goes to an address as `formatRoute` writes it. */
  goTo(address: string): void {
    this.#move(address, false);
  }

  /** Changes part of the query; `push` leaves a step to come back to. */
  patch(query: QueryPatch, push = false): void {
    this.#move(withQuery(this.route, query), !push);
  }

  /** Goes to an address without leaving a step to come back to: for moving through a list. */
  replaceWith(address: string): void {
    this.#move(address, true);
  }

  /** Lets a screen hold whoever leaves it; answers how to stop. */
  guard(guard: Guard): () => void {
    this.#guard = guard;
    return () => {
      if (this.#guard === guard) this.#guard = null;
    };
  }

  #held(hash: string, go: () => void): boolean {
    const guard = this.#guard;
    if (guard === null) return false;
    return guard(parseRoute(hash), () => {
      this.#guard = null;
      go();
    });
  }

  /** One step back, or to `otherwise` when the window opened here. */
  back(otherwise: Screen): void {
    if (history.length > 1) history.back();
    else this.go(otherwise);
  }

  #show(hash: string): void {
    this.#hash = hash;
    this.route = parseRoute(hash);
  }

  #move(hash: string, replace: boolean): void {
    if (hash === this.#hash || this.#held(hash, () => this.#move(hash, replace))) return;
    if (replace) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#settle(), SETTLE_MS);
    } else {
      this.#settle();
      history.pushState(null, "", hash);
    }
    this.#show(hash);
  }

  /** Writes the address that is shown, if it is not written yet. */
  #settle(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    history.replaceState(null, "", this.#hash);
  }
}

export const router = new Router();
