import type { Problem } from '@patchpanel/contract-agent';

/**
 * Why a call of the agent brought no answer:
 * - `unreachable`: nobody listens on the socket, it is not there, or this user may not open it. Nothing was done.
 * - `timed-out`: no answer within the deadline. It may have been done.
 * - `connection-lost`: the connection ended before the answer did. It may have been done.
 * - `refused`: the agent answered with a problem (`problem`).
 * - `invalid-answer`: what came back is no answer of an agent.
 */
export type AgentCallErrorCode =
  'unreachable' | 'timed-out' | 'connection-lost' | 'refused' | 'invalid-answer';

/** A call of the agent that brought no answer. Calls are safe to repeat whatever the code. */
export class AgentCallError extends Error {
  override readonly name = 'AgentCallError';
  readonly code: AgentCallErrorCode;
  /** The problem document, with `refused`. */
  readonly problem: Problem | undefined;

  constructor(
    code: AgentCallErrorCode,
    message: string,
    options: { cause?: unknown; problem?: Problem | undefined } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.code = code;
    this.problem = options.problem;
  }
}
