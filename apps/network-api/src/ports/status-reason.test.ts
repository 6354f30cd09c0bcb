import { describe, expect, it } from 'vitest';
import { statusReasonOf, type PortStanding } from './status-reason.ts';

const standing = (change: Partial<PortStanding>): PortStanding => ({
  status: 'available',
  status_reason: null,
  admin_state: 'up',
  network_admin_state: 'up',
  host_name: null,
  bound_at: null,
  ...change,
});
const bound = { host_name: 'host-1', bound_at: '2026-11-01T12:00:00.000Z' };

describe('the reason of a port’s status', () => {
  it.each([
    ['nothing plugged in', {}, 'Nothing is plugged in.'],
    ['plugged', { status: 'plugged' }, 'No host realises the plugged vNIC yet. Start a machine that has it.'],
    [
      'building on a host',
      { status: 'building', ...bound },
      'Host host-1 has it since 2026-11-01T12:00:00.000Z, and has not proven the wiring yet.',
    ],
    ['failed on a host', { status: 'error', status_reason: 'no bridge', ...bound }, 'no bridge'],
    [
      'failed without words',
      { status: 'error', ...bound },
      'Host host-1 reports a failure, and gives no reason.',
    ],
    [
      'switched off',
      { admin_state: 'down', network_admin_state: 'down' },
      'Nothing is plugged in. The port is switched off (adminState is down).',
    ],
    [
      'in a network that is switched off',
      { status: 'plugged', network_admin_state: 'down' },
      'No host realises the plugged vNIC yet. Start a machine that has it. Its network is switched off (adminState is down).',
    ],
  ] as const)('is said: %s', (_case, change, expected) => {
    expect(statusReasonOf(standing(change))).toBe(expected);
  });

  it('is there for each status but active', () => {
    for (const status of ['available', 'plugged', 'building', 'error'] as const) {
      expect(statusReasonOf(standing({ status }))).toMatch(/\.$/);
    }
    expect(statusReasonOf(standing({ status: 'active', admin_state: 'down' }))).toBeUndefined();
  });

  it('keeps within its bound, whatever a host reports, and ends in no half of a character', () => {
    const reason = statusReasonOf(standing({ status: 'error', status_reason: '😀'.repeat(600), ...bound }));
    expect(reason?.length).toBeLessThanOrEqual(1000);
    expect(reason?.isWellFormed()).toBe(true);
  });
});
