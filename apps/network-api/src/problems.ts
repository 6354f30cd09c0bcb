import { problemCodes } from '@patchpanel/contract-network';
import { defineProblems, type FieldError, type Problem } from '@patchpanel/service-kit';

/** Makes a problem of the public API. */
export const problem = defineProblems(problemCodes);

/** `invalid-request` (400) for what the document alone can't tell, with the places that are wrong. */
export function invalidRequest(errors: readonly FieldError[]): Problem {
  const summary = errors
    .slice(0, 3)
    .map(({ pointer, detail }) => `${pointer === '' ? 'the body' : pointer} ${detail}`);
  return problem('invalid-request', `Correct the request: ${summary.join('; ')}.`, { errors });
}
