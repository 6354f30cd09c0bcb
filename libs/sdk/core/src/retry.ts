/** When and how often a request is sent again. */
export interface RetryPolicy {
  /** How often a request is sent at most, the first time included. */
  readonly maxAttempts: number;
  /** The first wait is random between 0 and so many milliseconds; each further wait's upper end is twice as long. */
  readonly baseDelayMs: number;
  /** No random wait is longer than this. */
  readonly maxDelayMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 5, baseDelayMs: 200, maxDelayMs: 5_000 };

const repeatableMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
const passingStatuses = new Set([408, 425, 429, 502, 503, 504]);

/**
 * Whether sending a request again can do no more than sending it once: by its method's definition (RFC 9110, 9.2.2),
 * or because an idempotency key tells the service that it is the same request.
 */
export function isRepeatable(method: string, headers: Headers): boolean {
  return repeatableMethods.has(method) || (method === 'POST' && headers.has('Idempotency-Key'));
}

/** Whether an answer says that it might be another one a little later. */
export function isPassing(status: number): boolean {
  return passingStatuses.has(status);
}

/**
 * Milliseconds to wait before an attempt: exponential backoff with full jitter, so that clients that failed together
 * do not come back together, and never sooner than `Retry-After` allows.
 *
 * @param failures how often the request has failed so far, from 1.
 * @param retryAfter the header of the last answer: seconds or an HTTP date (RFC 9110, 10.2.3).
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failures: number,
  retryAfter: string | null,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  return (readRetryAfterMs(retryAfter) ?? 0) + random() * ceiling;
}

function readRetryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
