import { describe, expect, it } from 'vitest';
import { createTurns } from './turns.ts';

describe('turns', () => {
  it('run so much at once and no more, in the order of coming, whether work succeeds or fails', async () => {
    const turns = createTurns(2);
    const begun: number[] = [];
    const doors = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
    const taken = doors.map(({ promise }, index) =>
      turns.take(() => {
        begun.push(index);
        return promise;
      }),
    );
    const settled = Promise.allSettled(taken);
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    doors[1]?.reject(new Error('failed'));
    await expect(taken[1]).rejects.toThrow('failed');
    await expect.poll(() => begun).toEqual([0, 1, 2]);
    doors[0]?.resolve(0);
    await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
    for (const door of doors) door.resolve(9);
    await settled;
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    await expect(turns.take(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});
