import { isProblem, type ProblemError, type UnrecognisedProblem } from '@patchpanel/sdk-core';
import { problemCodes } from './generated/problem-codes.ts';

/** Every problem that the network service can give. */
export type NetworkProblemCode = keyof typeof problemCodes;

/** A refusal by the network service. */
export type NetworkProblem = ProblemError<NetworkProblemCode>;

/**
 * Tells whether an error is one of the given problems of the network service; misspelt codes don't compile. Without
 * codes: whether it is any, so that a `switch` over `error.code` can be checked for completeness.
 *
 * ```ts
 * try {
 *   await network.attachments.plugAny(networkId, vnic);
 * } catch (error) {
 *   if (!isNetworkProblem(error, 'no-available-port')) throw error;
 *   await network.attachments.plug((await network.ports.create(networkId)).id, vnic);
 * }
 * ```
 */
export function isNetworkProblem(error: unknown): error is NetworkProblem;
export function isNetworkProblem<Code extends NetworkProblemCode | UnrecognisedProblem>(
  error: unknown,
  ...codes: readonly [Code, ...Code[]]
): error is ProblemError & { readonly code: Code };
export function isNetworkProblem(error: unknown, ...codes: readonly string[]): boolean {
  if (codes.length > 0) return isProblem(error, ...codes);
  if (!isProblem(error)) return false;
  return error.code === 'unrecognised-problem' || Object.hasOwn(problemCodes, error.code);
}
