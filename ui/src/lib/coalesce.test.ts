import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { REFETCH_MS, coalesce } from "./coalesce";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("turns a burst into one run at once and one after", async () => {
  const work = vi.fn(async () => undefined);
  const refetch = coalesce(work);
  for (let ask = 0; ask < 50; ask += 1) refetch.ask();
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(REFETCH_MS);
  expect(work).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(10 * REFETCH_MS);
  expect(work).toHaveBeenCalledTimes(2);
});

it("stays at four a second under a steady stream", async () => {
  const work = vi.fn(async () => undefined);
  const refetch = coalesce(work);
  for (let ms = 0; ms < 1_000; ms += 10) {
    refetch.ask();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(work.mock.calls.length).toBeLessThanOrEqual(5);
});

it("never overlaps a slow run", async () => {
  let running = 0;
  let most = 0;
  const refetch = coalesce(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    running -= 1;
  });
  refetch.ask();
  refetch.ask();
  await vi.advanceTimersByTimeAsync(1_000);
  refetch.ask();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(most).toBe(1);
});

it("does nothing once stopped", async () => {
  const work = vi.fn(async () => undefined);
  const refetch = coalesce(work);
  refetch.stop();
  refetch.ask();
  expect(work).not.toHaveBeenCalled();
});
