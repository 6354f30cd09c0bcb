import { error as validatorErrors } from 'express-openapi-validator';
import { commonProblem } from './common-problems.ts';
import { isDatabaseUnavailable } from './database-errors.ts';
import { isRecord } from './opaque.ts';
import { Problem, type FieldError } from './problem.ts';

/**
 * The problem that a caller is told for anything thrown. What is not known becomes `internal-error`, whatever status
 * or message it claims; the original stays as the cause.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof validatorErrors.BadRequest) return invalidRequest(error);
  if (error instanceof validatorErrors.UnsupportedMediaType) {
    return commonProblem(
      'unsupported-media-type',
      'Send the body as the media type that the operation documents.',
      { cause: error },
    );
  }
  if (isDatabaseUnavailable(error)) {
    return commonProblem(
      'service-unavailable',
      'The database is out of reach or overloaded. Try again in a moment.',
      {
        cause: error,
        headers: { 'retry-after': '2' },
      },
    );
  }
  return commonProblem(
    'internal-error',
    'The service failed. The failure is in its log under this request id.',
    { cause: error },
  );
}

/** A request that does not fit the document, with a pointer to each field that is wrong. */
function invalidRequest(error: {
  message: string;
  path?: string | undefined;
  errors?: readonly unknown[] | undefined;
}): Problem {
  const found = (error.errors ?? []).filter(isRecord);
  const sources = found.length > 0 ? found : [{ path: error.path, message: error.message }];
  const errors = sources.map(({ path, message }): FieldError => ({
    pointer: toPointer(typeof path === 'string' ? path : ''),
    detail: typeof message === 'string' ? message : 'is not valid',
  }));
  const unique = [
    ...new Map(errors.map((one) => [JSON.stringify([one.pointer, one.detail]), one] as const)).values(),
  ];
  const summary = unique
    .slice(0, 3)
    .map(({ pointer, detail }) => `${pointer === '' ? 'the body' : pointer} ${detail}`);
  return commonProblem('invalid-request', `Correct the request: ${summary.join('; ')}.`, {
    errors: unique,
    cause: error,
  });
}

/** The validator's path: `/body/name` is the pointer `/name` into the body; other places keep their first word. */
function toPointer(path: string): string {
  if (path === '/body' || path.startsWith('/body/')) return path.slice('/body'.length);
  return path.replace(/^\/params\//, '/path/').replace(/^\/headers\//, '/header/');
}
