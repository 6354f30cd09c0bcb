/** Lets one task through at a time, in the order in which they came; a failed one does not hold up the next. */
export interface Turnstile {
  pass<Result>(task: () => Promise<Result>): Promise<Result>;
}

/** Makes one that nobody is waiting at. */
export function createTurnstile(): Turnstile {
  let last: Promise<unknown> = Promise.resolve();
  return {
    pass: (task) => {
      const result = last.then(task, task);
      last = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
  };
}
