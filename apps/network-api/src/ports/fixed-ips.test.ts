import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareFixedIps } from './fixed-ips.ts';

const [a, b] = ['subnet-a', 'subnet-b'];
const had = [
  { subnetId: a, ipAddress: '10.0.0.5' },
  { subnetId: a, ipAddress: '10.0.0.6' },
  { subnetId: b, ipAddress: '2001:db8::5' },
];

describe('the addresses that a port is to have', () => {
  it('stay its own when they are named again, in whatever spelling and order', () => {
    const { kept, missing, released } = compareFixedIps(had, [
      { ipAddress: '2001:DB8:0::05' },
      { subnetId: a, ipAddress: '10.0.0.6' },
    ]);
    expect([...kept]).toEqual([
      [0, had[2]],
      [1, had[1]],
    ]);
    expect({ missing, released }).toEqual({ missing: [], released: [had[0]] });
  });

  it('are met by one of the subnet that is not named, when any will do', () => {
    const { kept, missing, released } = compareFixedIps(had, [
      { subnetId: a },
      { ipAddress: '10.0.0.5' },
      { subnetId: a },
    ]);
    expect([...kept]).toEqual([
      [1, had[0]],
      [0, had[1]],
    ]);
    expect({ missing, released }).toEqual({ missing: [2], released: [had[2]] });
  });

  it('are not met by one of another subnet, or by one that was met already', () => {
    const { kept, missing } = compareFixedIps(had, [
      { subnetId: b, ipAddress: '10.0.0.5' },
      { ipAddress: '10.0.0.6' },
      { ipAddress: '10.0.0.6' },
    ]);
    expect([...kept.keys()]).toEqual([1]);
    expect(missing).toEqual([0, 2]);
  });

  it('are each kept, released, or asked for: none is lost and none is had twice', () => {
    const wish = fc.constantFrom(
      { subnetId: a },
      { subnetId: b },
      { ipAddress: '10.0.0.5' },
      { ipAddress: '10.0.0.9' },
      { subnetId: b, ipAddress: '2001:db8::5' },
    );
    fc.assert(
      fc.property(fc.subarray(had), fc.array(wish, { maxLength: 6 }), (own, wanted) => {
        const { kept, missing, released } = compareFixedIps(own, wanted);
        expect([...kept.values(), ...released].toSorted(byAddress)).toEqual(own.toSorted(byAddress));
        expect([...kept.keys(), ...missing].toSorted((x, y) => x - y)).toEqual([...wanted.keys()]);
      }),
    );
  });
});

function byAddress(x: { ipAddress: string }, y: { ipAddress: string }): number {
  return x.ipAddress < y.ipAddress ? -1 : 1;
}
