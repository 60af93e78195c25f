/** Where dialogs and menus are put: the page, unless a part of it has colours and sizes of its own. */
import { getContext, setContext } from "svelte";

const KEY = Symbol("where layers go");
type Target = () => HTMLElement | string;

export function layerTarget(): Target {
  return getContext<Target | undefined>(KEY) ?? (() => "body");
}

export function putLayersIn(target: Target): void {
  setContext(KEY, target);
}
