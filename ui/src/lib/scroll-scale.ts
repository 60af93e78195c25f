/**
 * Scrolling through more pixels than a browser can lay out.
 *
 * WebKit stops at some 16.7 million pixels for one element, which 28 px rows reach at 600,000. Beyond a
 * safe height the element stays there, and the place in it stands for a place in the list. Steps by wheel
 * or finger move the list by as many pixels as they would otherwise; only jumps are scaled, and near both
 * ends nothing is, so that steps reach the first and the last row. Pure.
 */

/** Below every engine's limit, with room for zoomed pages, whose pixels are larger. */
export const HEIGHT_MAX_PX = 8_000_000;

/** A quick flick moves by some views between two frames; a pixel of the scroll bar is more than this. */
const STEP_VIEWS = 8;
/** Steps of that size must not hit the element's edge before the list's. */
const EDGE_VIEWS = 2 * STEP_VIEWS;

export interface Extent {
  /** Pixels that all rows would need. */
  total: number;
  /** Pixels of rows in view. */
  view: number;
}

export interface Scroll {
  /** Pixels scrolled in the element. */
  physical: number;
  /** Pixels scrolled in the list. */
  logical: number;
}

export const bodyHeight = (extent: Extent): number => Math.min(extent.total, HEIGHT_MAX_PX);
const isScaled = (extent: Extent): boolean => extent.total > HEIGHT_MAX_PX;
const physicalEnd = (extent: Extent): number => Math.max(0, bodyHeight(extent) - extent.view);
const logicalEnd = (extent: Extent): number => Math.max(0, extent.total - extent.view);
const within = (value: number, end: number): number => Math.max(0, Math.min(end, value));

/** Pixels at each end where the element and the list agree. */
const edge = (extent: Extent): number => Math.floor(physicalEnd(extent) / 8);

function physicalOf(logical: number, extent: Extent): number {
  const zone = edge(extent);
  const fromEnd = logicalEnd(extent) - logical;
  if (logical <= zone) return logical;
  if (fromEnd <= zone) return physicalEnd(extent) - fromEnd;
  const share = (logical - zone) / (logicalEnd(extent) - 2 * zone);
  return Math.round(zone + share * (physicalEnd(extent) - 2 * zone));
}

function logicalOf(physical: number, extent: Extent): number {
  const zone = edge(extent);
  const fromEnd = physicalEnd(extent) - physical;
  if (physical <= zone) return physical;
  if (fromEnd <= zone) return logicalEnd(extent) - fromEnd;
  const share = (physical - zone) / (physicalEnd(extent) - 2 * zone);
  return Math.round(zone + share * (logicalEnd(extent) - 2 * zone));
}

/** The settled scroll that shows the list from `logical` on. */
export function scrollAt(logical: number, extent: Extent): Scroll {
  const to = within(logical, logicalEnd(extent));
  if (!isScaled(extent)) return { physical: to, logical: to };
  return { physical: physicalOf(to, extent), logical: to };
}

/** Takes where the browser has scrolled the element to. */
export function scrolledTo(physical: number, before: Scroll, extent: Extent): Scroll {
  if (!isScaled(extent)) return { physical, logical: physical };
  const end = physicalEnd(extent);
  if (physical <= 0) return { physical: 0, logical: 0 };
  if (physical >= end) return { physical, logical: logicalEnd(extent) };
  const by = physical - before.physical;
  const isStep = Math.abs(by) <= extent.view * STEP_VIEWS;
  const logical = isStep ? before.logical + by : logicalOf(physical, extent);
  return { physical, logical: within(logical, logicalEnd(extent)) };
}

/** True when steps have taken the element so near its edge that the list's edge could not be reached by steps. */
export function needsSettling(scroll: Scroll, extent: Extent): boolean {
  if (!isScaled(extent)) return false;
  const room = extent.view * EDGE_VIEWS;
  const nearEdge = scroll.physical < room || physicalEnd(extent) - scroll.physical < room;
  const nearListEdge = scroll.logical < room || logicalEnd(extent) - scroll.logical < room;
  return (nearEdge || nearListEdge) && scroll.physical !== physicalOf(scroll.logical, extent);
}

/** The nearest scroll that shows the row from `top` to `top + height` whole. */
export function revealing(top: number, height: number, scroll: Scroll, extent: Extent): Scroll {
  if (top < scroll.logical) return scrollAt(top, extent);
  const bottom = top + height - extent.view;
  return bottom > scroll.logical ? scrollAt(bottom, extent) : scroll;
}
