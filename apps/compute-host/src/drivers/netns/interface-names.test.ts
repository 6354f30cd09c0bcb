import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameInterfaces } from './interface-names.ts';

const vnic = (vnicId: string) => ({ vnicId, macAddress: '02:00:00:00:00:01' });
const vnicIds = fc.uniqueArray(fc.stringMatching(/^[a-h]$/), { maxLength: 8 });

test('cards are eth0, eth1… in their order', () => {
  expect(nameInterfaces([vnic('x'), vnic('y')], {})).toEqual({ x: 'eth0', y: 'eth1' });
});

test('a card keeps its name, and a new one takes the lowest that is free', () => {
  expect(nameInterfaces([vnic('y'), vnic('z')], { x: 'eth0', y: 'eth1' })).toEqual({ y: 'eth1', z: 'eth0' });
});

test('after any change of cards each has one name, no two the same, and none that stays was renamed', () => {
  fc.assert(
    fc.property(fc.array(vnicIds, { minLength: 1, maxLength: 6 }), (changes) => {
      let names: Record<string, string> = {};
      for (const ids of changes) {
        const before = names;
        names = nameInterfaces(ids.map(vnic), before);
        expect(Object.keys(names).toSorted()).toEqual(ids.toSorted());
        expect(new Set(Object.values(names)).size).toBe(ids.length);
        for (const id of ids) if (before[id] !== undefined) expect(names[id]).toBe(before[id]);
      }
    }),
  );
});
