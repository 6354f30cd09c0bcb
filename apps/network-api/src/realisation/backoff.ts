const firstSeconds = 1;
const longestSeconds = 300;

/**
 * How long to wait before the next attempt, in seconds: twice as long after each failure, up to five minutes, and of that a
 * random part between a half and the whole, so that networks that failed together do not come back together.
 * @param attempts how many have failed in a row, 1 or more.
 */
export function backoffSeconds(attempts: number, random: () => number = Math.random): number {
  const whole = Math.min(firstSeconds * 2 ** Math.min(attempts - 1, 30), longestSeconds);
  return whole * (0.5 + random() / 2);
}
