import { isProblem, type ProblemError, type UnrecognisedProblem } from '@patchpanel/sdk-core';
import { problemCodes } from './generated/problem-codes.ts';

/** Every problem that the compute service can give. */
export type ComputeProblemCode = keyof typeof problemCodes;

/** A refusal by the compute service. */
export type ComputeProblem = ProblemError<ComputeProblemCode>;

/**
 * Tells whether an error is one of the given problems of the compute service; misspelt codes don't compile. Without
 * codes: whether it is any, so that a `switch` over `error.code` can be checked for completeness.
 *
 * ```ts
 * try {
 *   await compute.vnics.delete(vnicId);
 * } catch (error) {
 *   if (isComputeProblem(error, 'vnic-in-use')) console.log('delete its instance first');
 *   else throw error;
 * }
 * ```
 */
export function isComputeProblem(error: unknown): error is ComputeProblem;
export function isComputeProblem<Code extends ComputeProblemCode | UnrecognisedProblem>(
  error: unknown,
  ...codes: readonly [Code, ...Code[]]
): error is ProblemError & { readonly code: Code };
export function isComputeProblem(error: unknown, ...codes: readonly string[]): boolean {
  if (codes.length > 0) return isProblem(error, ...codes);
  if (!isProblem(error)) return false;
  return error.code === 'unrecognised-problem' || Object.hasOwn(problemCodes, error.code);
}
