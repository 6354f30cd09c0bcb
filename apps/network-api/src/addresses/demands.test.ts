import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortDemands, toSource, type AddressSource, type Demands, type Refusal } from './demands.ts';

const source = (id: string, cidr: string, first: string, last: string): AddressSource =>
  toSource({ id, cidr, allocation_pools: [{ first, last }] });
const old4 = source('old4', '10.0.0.0/24', '10.0.0.10', '10.0.0.20');
const new4 = source('new4', '10.0.1.0/24', '10.0.1.2', '10.0.1.254');
const only6 = source('only6', '2001:db8::/64', '2001:db8::2', '2001:db8::ffff');
const all = [old4, new4, only6];

const pointerOf = (port: number, position?: number) => `/ports/${port}/fixedIps/${position ?? ''}`;

function sorted(sources: readonly AddressSource[], ...ports: Parameters<typeof sortDemands>[1]): Demands {
  const result = sortDemands(sources, ports, pointerOf);
  if ('kind' in result) throw new Error(`refused: ${result.kind}`);
  return result;
}

function refused(sources: readonly AddressSource[], ...ports: Parameters<typeof sortDemands>[1]): Refusal {
  const result = sortDemands(sources, ports, pointerOf);
  if (!('kind' in result)) throw new Error('not refused');
  return result;
}

describe('what ports want of subnets', () => {
  it('is by default one address of each IP version that there is', () => {
    expect(sorted(all, undefined).anyOf).toMatchObject({
      4: [{ port: 0, position: 0 }],
      6: [{ port: 0, position: 1 }],
    });
    expect(sorted([only6], undefined).anyOf).toMatchObject({ 4: [], 6: [{ position: 0 }] });
    expect(refused([], undefined)).toEqual({ kind: 'no-subnet' });
  });

  it('is nothing with an empty list, also where there is no subnet', () => {
    expect(sorted([], []).anyOf).toEqual({ 4: [], 6: [] });
  });

  it('is looked for in the subnet that contains a chosen address', () => {
    const { ofSubnet } = sorted(all, [{ ipAddress: '10.0.1.7' }, { subnetId: 'old4' }]);
    expect(ofSubnet.get('new4')?.chosen).toMatchObject([
      { port: 0, position: 0, pointer: '/ports/0/fixedIps/0/ipAddress', value: 0x0a000107n },
    ]);
    expect(ofSubnet.get('old4')?.automatic).toMatchObject([{ port: 0, position: 1 }]);
  });

  it.each([
    [{ ipAddress: '10.0.0.5' }, 'outside'],
    [{ ipAddress: '10.0.2.5' }, 'outside'],
    [{ subnetId: 'old4', ipAddress: '10.0.1.5' }, 'outside'],
    [{ subnetId: 'old4', ipAddress: '2001:db8::5' }, 'outside'],
    [{ subnetId: 'other' }, 'unknown-subnet'],
    [{ ipAddress: '10.0.0.011' }, 'invalid'],
  ])('%j is refused as %s', (wanted, kind) => {
    expect(refused(all, [], [wanted])).toMatchObject({ kind });
  });

  it('has as many slots as were asked for, each once', () => {
    const wanted = fc.constantFrom({ subnetId: 'old4' }, { subnetId: 'only6' }, { ipAddress: '10.0.0.12' });
    const ports = fc.array(fc.option(fc.array(wanted, { maxLength: 4 }), { nil: undefined }), {
      maxLength: 10,
    });
    fc.assert(
      fc.property(ports, (lists) => {
        const { ofSubnet, anyOf } = sorted(all, ...lists);
        const slots = [
          ...[...ofSubnet.values()].flatMap(({ chosen, automatic }) => [...chosen, ...automatic]),
          ...anyOf[4],
          ...anyOf[6],
        ].map(({ port, position }) => `${port}/${position}`);
        const expected = lists.flatMap((list, port) =>
          Array.from({ length: list?.length ?? 2 }, (_, position) => `${port}/${position}`),
        );
        expect(slots.toSorted()).toEqual(expected.toSorted());
      }),
    );
  });
});
