/** A list of listeners. `on` answers how to stop, so an effect can return it. */
export interface Signal<T> {
  on(listener: (value: T) => void): () => void;
  emit(value: T): void;
}

export function signal<T>(): Signal<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    emit(value) {
      for (const listener of [...listeners]) listener(value);
    },
  };
}
