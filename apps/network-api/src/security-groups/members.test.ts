import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressesOfMember, compareMemberships, gatherChanges, type Membership } from './members.ts';

const membership = fc.option(
  fc.record({
    groupIds: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }),
    addresses: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4'), { maxLength: 4 }),
  }),
  { nil: undefined },
);

/** What a group's members are to a host: pairs of group and address. */
function viewOf(one: Membership | undefined): Set<string> {
  return new Set(one?.groupIds.flatMap((groupId) => one.addresses.map((address) => `${groupId} ${address}`)));
}

describe('the change of a port', () => {
  it('turns what hosts know of its groups into what is, and repeats nothing that stays', () => {
    fc.assert(
      fc.property(membership, membership, (before, after) => {
        const view = viewOf(before);
        for (const { groupId, added, removed } of gatherChanges(compareMemberships('p', before, after))) {
          for (const { ipAddress } of removed) expect(view.delete(`${groupId} ${ipAddress}`)).toBe(true);
          for (const { ipAddress } of added) {
            expect(view.has(`${groupId} ${ipAddress}`)).toBe(false);
            view.add(`${groupId} ${ipAddress}`);
          }
        }
        expect(view).toEqual(viewOf(after));
      }),
    );
  });

  it('is none to a group of which nothing changes', () => {
    fc.assert(
      fc.property(membership, (same) => {
        expect(compareMemberships('p', same, same)).toEqual([]);
      }),
    );
  });

  it('is told of an address once, however often the port has it', () => {
    const pairs = [{ ipAddress: '10.0.0.1' }, { ipAddress: '10.9.0.0/16' }, { ipAddress: '10.9.0.0/16' }];
    expect(addressesOfMember({ fixedIps: [{ ipAddress: '10.0.0.1' }], allowedAddressPairs: pairs })).toEqual([
      '10.0.0.1',
      '10.9.0.0/16',
    ]);
  });
});
