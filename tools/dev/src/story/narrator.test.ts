import { expect, test } from 'vitest';
import { essence } from './narrator.ts';

test('of an answer is shown what tells the story: addresses as such, no times and revisions', () => {
  const port = {
    id: 'p',
    projectId: 'x',
    name: 'one',
    fixedIps: [{ subnetId: 's', ipAddress: '10.0.0.2' }],
    revision: 1,
    createdAt: '2026-11-01T12:00:00.000Z',
  };
  expect(essence({ items: [port] })).toEqual([{ id: 'p', name: 'one', fixedIps: ['10.0.0.2'] }]);
  expect(essence(undefined)).toBeUndefined();
});
