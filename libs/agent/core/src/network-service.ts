import type { VnicKey } from '@patchpanel/contract-agent';
import type {
  AgentReceipt,
  AgentReport,
  Binding,
  BindingClaim,
  BindingList,
  BindingReport,
  ChangeList,
  DesiredAttachment,
  HoldingsReport,
  ProblemCode,
} from '@patchpanel/contract-network-southbound';

/**
 * What the agent asks of the network service. Every call has a deadline of its own, and repeats what a broken
 * connection cut short; all calls are safe to repeat. Failures are `NetworkServiceError`s.
 */
export interface NetworkService {
  /** Says that the agent lives, and what it can do; gives what the service wants of it. */
  reportAgent(report: AgentReport, signal: AbortSignal): Promise<AgentReceipt>;
  /** Says what is wired on this host, or a part of it. */
  reportHoldings(report: HoldingsReport, signal: AbortSignal): Promise<void>;
  /**
   * Binds an attachment to this host. Problems: `attachment-not-found`, `mac-mismatch`, `bound-elsewhere`, `stale-placement`,
   * `host-fenced`.
   */
  claim(claim: BindingClaim, signal: AbortSignal): Promise<Binding>;
  /** What a vNIC is plugged into, when it is bound to no host or to this one. Problems: `attachment-not-found`. */
  resolve(key: VnicKey, signal: AbortSignal): Promise<DesiredAttachment>;
  /** One of this host's bindings. Problems: `binding-not-found`. */
  getBinding(bindingId: string, signal: AbortSignal): Promise<Binding>;
  /** A page of this host's bindings. */
  listBindings(pageToken: string | undefined, signal: AbortSignal): Promise<BindingList>;
  /** Says how a wiring stands. Problems: `binding-not-found`, `stale-generation`, `host-fenced`. */
  report(bindingId: string, report: BindingReport, signal: AbortSignal): Promise<Binding>;
  /** Says that nothing of a binding is left here; unless a newer placement has been claimed since. Problems: `stale-placement`. */
  release(bindingId: string, placement: number, signal: AbortSignal): Promise<void>;
  /** Changes after the cursor; waits up to `waitSeconds` for one. Problems: `invalid-cursor`, `events-compacted`. */
  changes(cursor: string, waitSeconds: number, signal: AbortSignal): Promise<ChangeList>;
  /** Whether the last call went through, and when one last did. */
  reachability(): Reachability;
  /** Calls back each time that the service answers after nobody did (at first, or because contact was lost). */
  onReachable(listener: () => void): void;
}

export interface Reachability {
  readonly state: 'reachable' | 'unreachable' | 'unknown';
  readonly lastContactAt?: Date;
}

/** `unreachable` besides the service's own problem codes: no answer, or one that is none of this service's. */
export type NetworkServiceErrorCode = ProblemCode | 'unreachable';

/** A call that the network service did not answer, or refused. */
export class NetworkServiceError extends Error {
  override readonly name = 'NetworkServiceError';
  readonly code: NetworkServiceErrorCode;

  constructor(code: NetworkServiceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
