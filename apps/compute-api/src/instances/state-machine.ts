import type { InstanceStatus, PowerState } from '@patchpanel/contract-compute';
import type {
  AssignmentDesiredEnum,
  InstanceReportStatusEnum,
} from '@patchpanel/contract-compute-southbound';

/**
 * The life of an instance, without I/O. What its owner wants (`powerState`, `isDeleting`) and what its host says (`report`)
 * meet here and nowhere else:
 *
 * | wanted \ reported | nothing yet, or on an older order | running  | starting | stopped  | stopping | deleting | absent   | error    |
 * |-------------------|-----------------------------------|----------|----------|----------|----------|----------|----------|----------|
 * | running           | starting                          | running  | starting | starting | starting | starting | starting | error    |
 * | stopped           | stopping                          | stopping | stopping | stopped  | stopping | stopping | stopped  | error    |
 * | deleted           | deleting                          | deleting | deleting | deleting | deleting | deleting | is gone  | deleting |
 *
 * Without a host it is `scheduling` (wanted running) or `stopped`, and deleting it is immediate. An instance is placed when
 * it is first wanted running; from then on it stays on its host, also while it is stopped (its place there is kept).
 */
export interface InstanceState {
  readonly powerState: PowerState;
  readonly isDeleting: boolean;
  /** Whether a host has it. */
  readonly isPlaced: boolean;
  /** The number of its placing on a host, which rises across all instances; 0 before. */
  readonly placement: number;
  /** The instance's revision when what its host is told last changed; never less than `generation`. */
  readonly assignmentRevision: number;
  /** The instance's revision at its last order: when what is wanted of the machine, or its place, last changed. */
  readonly generation: number;
  /** What the host said last, of this placement. */
  readonly report:
    { readonly status: InstanceReportStatusEnum; readonly observedRevision: number } | undefined;
}

/** What an owner may ask of a machine. */
export type Order = 'start' | 'stop' | 'delete';

export type OrderOutcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: 'instance-deleting' }
  /** No host has it: nothing needs to be taken down. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'changed'; readonly powerState: PowerState; readonly isDeleting: boolean };

/** What a host says of a machine. */
export interface Report {
  readonly status: InstanceReportStatusEnum;
  readonly placement: number;
  readonly observedRevision: number;
}

export type ReportOutcome =
  | 'noted'
  /** Nothing is left of a machine that is being deleted: the instance goes. */
  | 'gone'
  /** It was overtaken by a later one. */
  | 'late'
  | 'stale-placement'
  /** It speaks of a revision that the host was never told. */
  | 'unknown-revision';

/** The status that users see. */
export function publicStatus(state: InstanceState): InstanceStatus {
  if (!state.isPlaced) return state.powerState === 'running' ? 'scheduling' : 'stopped';
  if (state.isDeleting) return 'deleting';
  const reported = answerToOrder(state);
  if (reported === 'error') return 'error';
  if (state.powerState === 'running') return reported === 'running' ? 'running' : 'starting';
  return reported === 'stopped' || reported === 'absent' ? 'stopped' : 'stopping';
}

/** What the host is to bring about. */
export function desiredOf(state: Pick<InstanceState, 'powerState' | 'isDeleting'>): AssignmentDesiredEnum {
  return state.isDeleting ? 'absent' : state.powerState;
}

/** What becomes of an owner's order. Repeating one is no error, but a machine that is being deleted takes no other. */
export function takeOrder(state: InstanceState, order: Order): OrderOutcome {
  if (order === 'delete') {
    if (!state.isPlaced) return { kind: 'gone' };
    return state.isDeleting
      ? { kind: 'unchanged' }
      : { kind: 'changed', powerState: state.powerState, isDeleting: true };
  }
  if (state.isDeleting) return { kind: 'refused', code: 'instance-deleting' };
  const powerState = order === 'start' ? 'running' : 'stopped';
  return state.powerState === powerState
    ? { kind: 'unchanged' }
    : { kind: 'changed', powerState, isDeleting: false };
}

/** What becomes of a host's report on an instance that it has. */
export function takeReport(state: InstanceState, report: Report): ReportOutcome {
  if (report.placement !== state.placement) return 'stale-placement';
  if (report.observedRevision > state.assignmentRevision) return 'unknown-revision';
  if (state.report && report.observedRevision < state.report.observedRevision) return 'late';
  // Nothing may be left *after* the host learnt of the deletion: before, it may still be about to make the machine.
  const isAnswer = report.observedRevision >= state.generation;
  return state.isDeleting && report.status === 'absent' && isAnswer ? 'gone' : 'noted';
}

/** What the host says of the latest order; undefined while it has not acted on it. */
function answerToOrder({ report, generation }: InstanceState): InstanceReportStatusEnum | undefined {
  return report && report.observedRevision >= generation ? report.status : undefined;
}
