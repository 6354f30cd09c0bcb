import { Problem, type ProblemExtras } from './problem.ts';

/** The problems that every API can give, whatever it serves. Their meaning is the kit's; each API's document lists them too. */
export const commonProblemCodes = {
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'invalid-request': { status: 400, title: 'The request does not follow the API description' },
  'invalid-page-token': { status: 400, title: 'The page token does not belong to this list' },
  'invalid-cursor': { status: 400, title: 'The cursor does not belong to this feed' },
  unauthenticated: { status: 401, title: 'A valid access token for this service is needed' },
  forbidden: { status: 403, title: 'The token does not permit this operation' },
  'route-not-found': { status: 404, title: 'There is nothing at this path' },
  'method-not-allowed': { status: 405, title: 'This path does not take this method' },
  'events-compacted': { status: 410, title: 'The events behind the cursor are no longer kept' },
  'precondition-failed': { status: 412, title: 'The resource is at another revision than If-Match names' },
  'payload-too-large': { status: 413, title: 'The body is larger than the service takes' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key belongs to another request' },
  'internal-error': { status: 500, title: 'The service failed' },
  'service-unavailable': { status: 503, title: 'The service cannot answer now' },
} as const satisfies Record<string, { status: number; title: string }>;

export type CommonProblemCode = keyof typeof commonProblemCodes;

/** Makes one of the problems that every API can give. */
export function commonProblem(code: CommonProblemCode, detail: string, extras: ProblemExtras = {}): Problem {
  return new Problem({ code, ...commonProblemCodes[code], detail, ...extras });
}
