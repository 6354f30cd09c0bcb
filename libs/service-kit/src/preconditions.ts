import { commonProblem } from './common-problems.ts';

/** The entity tag of a revision (RFC 9110 §8.8.3), as sent in `ETag`. */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * Checks an `If-Match` header against a resource's revision, under the row's lock. No header means no condition.
 * Throws `precondition-failed` (412) unless it is `*` or names the revision; weak tags never match (RFC 9110 §13.1.1).
 */
export function checkIfMatch(ifMatch: string | undefined, revision: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const current = entityTag(revision);
  if (ifMatch.split(',').some((tag) => tag.trim() === current)) return;
  throw commonProblem(
    'precondition-failed',
    `The resource is at revision ${current}, not ${ifMatch}. Read it again, then repeat the change with its ETag.`,
  );
}
