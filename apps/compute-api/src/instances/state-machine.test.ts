import fc from 'fast-check';
import { InstanceReportStatusEnum } from '@patchpanel/contract-compute-southbound';
import { describe, expect, it } from 'vitest';
import {
  desiredOf,
  publicStatus,
  takeOrder,
  takeReport,
  type InstanceState,
  type Order,
  type Report,
} from './state-machine.ts';

const reportable = Object.values(InstanceReportStatusEnum);
const orders: readonly Order[] = ['start', 'stop', 'delete'];

const placedAndWanted = (powerState: 'running' | 'stopped', isDeleting: boolean): InstanceState => ({
  powerState,
  isDeleting,
  isPlaced: true,
  placement: 1,
  assignmentRevision: 4,
  generation: 4,
  report: undefined,
});
const running = placedAndWanted('running', false);
const stopped = placedAndWanted('stopped', false);
const deleted = placedAndWanted('running', true);
const unplaced = (powerState: 'running' | 'stopped'): InstanceState => ({
  powerState,
  isDeleting: false,
  isPlaced: false,
  placement: 0,
  assignmentRevision: 1,
  generation: 1,
  report: undefined,
});

describe('the public status', () => {
  it.each([
    [
      'running',
      running,
      ['starting', 'starting', 'running', 'starting', 'starting', 'starting', 'starting', 'error'],
    ],
    [
      'stopped',
      stopped,
      ['stopping', 'stopping', 'stopping', 'stopping', 'stopped', 'stopping', 'stopped', 'error'],
    ],
    [
      'deleted',
      deleted,
      ['deleting', 'deleting', 'deleting', 'deleting', 'deleting', 'deleting', 'deleting', 'deleting'],
    ],
  ] as const)('of a machine wanted %s follows the table', (_name, state, expected) => {
    const reported = [
      undefined,
      'starting',
      'running',
      'stopping',
      'stopped',
      'deleting',
      'absent',
      'error',
    ] as const;
    expect(
      reported.map((status) =>
        publicStatus({ ...state, report: status && { status, observedRevision: state.generation } }),
      ),
    ).toEqual(expected);
  });

  it('without a host is scheduling or stopped', () => {
    expect(publicStatus(unplaced('running'))).toBe('scheduling');
    expect(publicStatus(unplaced('stopped'))).toBe('stopped');
  });

  it('takes nothing that the host said before the latest order for its answer', () => {
    const observedRevision = running.generation - 1;
    expect(publicStatus({ ...running, report: { status: 'running', observedRevision } })).toBe('starting');
    expect(publicStatus({ ...running, report: { status: 'error', observedRevision } })).toBe('starting');
    expect(publicStatus({ ...stopped, report: { status: 'stopped', observedRevision } })).toBe('stopping');
  });
});

describe('orders', () => {
  it('change nothing when repeated', () => {
    expect(takeOrder(running, 'start')).toEqual({ kind: 'unchanged' });
    expect(takeOrder(stopped, 'stop')).toEqual({ kind: 'unchanged' });
    expect(takeOrder(deleted, 'delete')).toEqual({ kind: 'unchanged' });
  });

  it('are refused by a machine that is being deleted', () => {
    expect(takeOrder(deleted, 'start')).toEqual({ kind: 'refused', code: 'instance-deleting' });
    expect(takeOrder(deleted, 'stop')).toEqual({ kind: 'refused', code: 'instance-deleting' });
  });

  it('delete an instance without a host at once', () => {
    expect(takeOrder(unplaced('running'), 'delete')).toEqual({ kind: 'gone' });
    expect(takeOrder(unplaced('stopped'), 'delete')).toEqual({ kind: 'gone' });
  });
});

describe('reports', () => {
  const report: Report = { status: 'running', placement: 1, observedRevision: 4 };

  it('of another placement are stale', () => {
    expect(takeReport({ ...running, placement: 2 }, report)).toBe('stale-placement');
  });

  it('on an older revision than the last one come late', () => {
    const state: InstanceState = { ...running, report: { status: 'running', observedRevision: 4 } };
    expect(takeReport(state, { ...report, status: 'starting', observedRevision: 3 })).toBe('late');
    expect(takeReport(state, { ...report, status: 'error' })).toBe('noted');
  });

  it('on a revision that the host was never told are refused', () => {
    expect(takeReport(running, { ...report, observedRevision: 5 })).toBe('unknown-revision');
  });

  it('of an absent machine end a deletion only when the host had learnt of it', () => {
    expect(takeReport(deleted, { ...report, status: 'absent' })).toBe('gone');
    expect(takeReport(deleted, { ...report, status: 'absent', observedRevision: 3 })).toBe('noted');
    expect(takeReport(running, { ...report, status: 'absent' })).toBe('noted');
  });
});

it('whatever is ordered and reported, the status never claims more than the host has confirmed', () => {
  const step = fc.oneof(
    fc.record({ order: fc.constantFrom(...orders) }),
    fc.record({
      status: fc.constantFrom(...reportable),
      placement: fc.integer({ min: 0, max: 2 }),
      observedRevision: fc.integer({ min: 0, max: 12 }),
    }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('running' as const, 'stopped' as const),
      fc.array(step),
      (powerState, steps) => {
        let state: InstanceState = {
          ...placedAndWanted(powerState, false),
          assignmentRevision: 1,
          generation: 1,
        };
        for (const next of steps) {
          const before = state;
          if ('order' in next) {
            const outcome = takeOrder(state, next.order);
            expect(outcome.kind).not.toBe('gone');
            if (outcome.kind !== 'changed') continue;
            const revision = state.assignmentRevision + 1;
            state = { ...state, ...outcome, assignmentRevision: revision, generation: revision };
            expect(['running', 'stopped', 'error']).not.toContain(publicStatus(state));
          } else {
            const outcome = takeReport(state, next);
            if (outcome === 'gone') {
              expect(state.isDeleting && next.status === 'absent').toBe(true);
              expect(next.observedRevision).toBeGreaterThanOrEqual(state.generation);
              return;
            }
            if (outcome !== 'noted') continue;
            state = { ...state, report: next };
          }
          expect(state.isDeleting || !before.isDeleting).toBe(true);
          const status = publicStatus(state);
          if (status === 'running')
            expect([desiredOf(state), state.report?.status]).toEqual(['running', 'running']);
          if (status === 'stopped') expect(desiredOf(state)).toBe('stopped');
          if (state.isDeleting) expect(status).toBe('deleting');
        }
      },
    ),
  );
});
