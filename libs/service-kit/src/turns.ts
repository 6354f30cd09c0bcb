/** Work of which only so much runs at once; the rest waits in the order of its coming. */
export interface Turns {
  take<T>(work: () => Promise<T>): Promise<T>;
}

/** Makes turns for `places` pieces of work at a time. */
export function createTurns(places: number): Turns {
  const waiting: (() => void)[] = [];
  let free = places;
  return {
    async take(work) {
      if (free > 0) free--;
      else {
        const { promise: called, resolve } = Promise.withResolvers<void>();
        waiting.push(resolve);
        await called;
      }
      try {
        return await work();
      } finally {
        // The place passes on without being free in between: who comes now can't get ahead of who waits.
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}
