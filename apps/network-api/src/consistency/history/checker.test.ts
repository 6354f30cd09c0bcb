import { describe, expect, it } from 'vitest';
import { correctService } from '../operations/index.ts';
import { checkHistory } from './checker.ts';
import {
  claimed,
  deleted,
  networkMade,
  plugged,
  portBody,
  portMade,
  subnetMade,
  unplugged,
} from './lines.ts';
import { event, host, ids, macAddresses, no, ok, Pen, type Line } from './pen.ts';
import { tellStory } from './story.ts';

const check = ({ history }: Pen) => checkHistory(history, correctService);

/** What is wrong with a history of these lines; undefined when nothing is. */
function wrongWith(...lines: readonly Line[]): string | undefined {
  const pen = new Pen();
  for (const line of lines) pen.write(line);
  const { violation } = check(pen);
  return violation && `${violation.promise}: ${violation.detail}`;
}

const ground = [networkMade, subnetMade];
const [portId, otherPortId] = ids.ports;

describe('the checker finds nothing wrong', () => {
  it('with a life of a port, from its making to its end', () => {
    expect(
      wrongWith(
        ...ground,
        portMade(0, 1),
        portMade(1, 2),
        plugged(0, 0, 1, 2),
        claimed(0, 1, 3),
        {
          operation: 'reportBindingStatus',
          ask: { bindingId: ids.binding, status: 'active', generation: 1, epoch: 1 },
          host,
          answer: ok(200, { status: 'active', desired: 'present' }),
          events: [
            event('port', portId, 4, 'updated'),
            { ...event('binding', ids.binding, 2, 'updated'), audience: host },
          ],
        },
        {
          ...unplugged(0, 5),
          events: [
            event('port', portId, 5, 'updated'),
            { ...event('binding', ids.binding, 3, 'updated'), audience: host },
          ],
        },
        plugged(1, 0, 2, 2),
        deleted(0, 6),
      ),
    ).toBeUndefined();
  });

  it('with a call without an answer, whether it was done or not', () => {
    const lost = { ...plugged(0, 0, 1, 2), answer: undefined };
    expect(
      wrongWith(...ground, portMade(0, 1), lost, {
        ...plugged(0, 0, 1, 2),
        answer: ok(200, { generation: 1, status: 'plugged' }),
        events: [],
      }),
    ).toBeUndefined();
    expect(
      wrongWith(...ground, portMade(0, 1), { ...lost, events: [] }, plugged(0, 0, 1, 2)),
    ).toBeUndefined();
  });

  it('with a port whose call did not see the subnet that was made beside it', () => {
    const other = { ...portMade(0, 1), from: 100, to: 200 };
    const sixth = '33333333-0000-4000-8000-000000000006';
    const subnet: Line = {
      ...subnetMade,
      ask: { networkId: ids.network, body: { cidr: '2001:db8::/124' } },
      answer: ok(201, {
        ...subnetMade.answer?.body,
        id: sixth,
        cidr: '2001:db8::/124',
        allocationPools: [{ first: '2001:db8::2', last: '2001:db8::f' }],
      }),
      events: [event('subnet', sixth, 1, 'created')],
      from: 150,
      to: 160,
    };
    expect(wrongWith(...ground, subnet, other)).toBeUndefined();
    expect(wrongWith(...ground, subnet, { ...other, from: 170 })).toContain(
      'automatic addresses given: 0 and not 1',
    );
  });

  it('when one of two calls must have been behind an event, and only then the rest fits', () => {
    // Both plugs were acknowledged, with an unplug between them: the feed does not say which came first.
    const ends = { from: 100, to: 200 };
    const between = { from: 100, to: 300 };
    const first = { ...plugged(0, 1, 1, 2), ...ends, client: 'user 2' };
    const second = { ...plugged(0, 0, 1, 4), from: 100, to: 190, events: [] };
    expect(
      wrongWith(
        ...ground,
        portMade(0, 1),
        first,
        { ...unplugged(0, 3), ...between, client: 'user 3' },
        { ...second, events: [event('port', portId, 4, 'updated')] },
        {
          operation: 'getPort',
          ask: { portId },
          answer: ok(
            200,
            portBody(0, 1, {
              revision: 4,
              status: 'plugged',
              attachment: { vnicId: ids.vnics[0], macAddress: macAddresses[0], generation: 1 },
            }),
          ),
          from: 400,
        },
      ),
    ).toBeUndefined();
  });
});

describe('the checker finds', () => {
  it('an address that was given twice', () => {
    expect(wrongWith(...ground, portMade(0, 1), portMade(1, 1))).toContain('10.0.0.1 of subnet');
  });

  it('an address that a host may still have wired', () => {
    const bound = [portMade(0, 1), plugged(0, 0, 1, 2), claimed(0, 1, 3)];
    const gone: Line[] = [
      {
        ...unplugged(0, 4),
        events: [
          event('port', portId, 4, 'updated'),
          { ...event('binding', ids.binding, 2, 'updated'), audience: host },
        ],
      },
      deleted(0, 5),
    ];
    expect(wrongWith(...ground, ...bound, ...gone, portMade(1, 1))).toContain(
      `the rest of port ${portId} has it`,
    );
    const released: Line = {
      operation: 'releaseBinding',
      ask: { bindingId: ids.binding, placement: undefined },
      host,
      answer: ok(204),
      events: [{ ...event('binding', ids.binding, 3, 'deleted'), audience: host }],
    };
    expect(wrongWith(...ground, ...bound, ...gone, released, portMade(1, 1))).toBeUndefined();
  });

  it('an address outside the pools', () => {
    expect(wrongWith(...ground, portMade(0, 7))).toContain('10.0.0.7 is in none of the pools');
  });

  it('a MAC address that is in a network twice', () => {
    const ports = [portMade(0, 1), portMade(1, 2)];
    const second = plugged(1, 1, 1, 2);
    const ask = { ...second.ask, macAddress: macAddresses[0] };
    const answer = ok(201, { ...second.answer?.body, macAddress: macAddresses[0] });
    expect(wrongWith(...ground, ...ports, plugged(0, 0, 1, 2), { ...second, ask, answer })).toContain(
      'mac-address-in-use',
    );
  });

  it('a second plug in one port, and a vNIC in two ports', () => {
    const ports = [portMade(0, 1), portMade(1, 2)];
    expect(wrongWith(...ground, ...ports, plugged(0, 0, 1, 2), plugged(0, 1, 1, 3))).toContain(
      'port-already-plugged',
    );
    expect(wrongWith(...ground, ...ports, plugged(0, 0, 1, 2), plugged(1, 0, 2, 2))).toContain(
      'vnic-already-plugged',
    );
  });

  it('a generation that does not rise', () => {
    const lives = [portMade(0, 1), plugged(0, 0, 1, 2), unplugged(0, 3)];
    expect(wrongWith(...ground, ...lives, plugged(0, 0, 1, 4))).toContain(
      'has generation 1, where it should have 2',
    );
  });

  it('a claim of an older placement that was let in', () => {
    const lives = [portMade(0, 1), plugged(0, 0, 1, 2), claimed(0, 1, 3)];
    const older: Line = {
      ...claimed(0, 1, 4),
      host: 'host-2',
      answer: ok(201, { id: ids.ports[2], generation: 1, placement: 1, desired: 'present' }),
    };
    expect(
      wrongWith(...ground, ...lives, {
        ...older,
        events: [event('port', portId, 4, 'updated'), event('binding', ids.ports[2], 1, 'created')],
      }),
    ).toContain('bound-elsewhere');
  });

  it('an acknowledged write without its event', () => {
    expect(wrongWith(...ground, portMade(0, 1), { ...portMade(1, 2), events: [] })).toContain(
      'it must have its event',
    );
    expect(wrongWith(...ground, portMade(0, 1), { ...deleted(0, 2), events: [] })).toContain(
      'it must have its event',
    );
  });

  it('an event without a write', () => {
    const pen = new Pen();
    for (const line of [...ground, portMade(0, 1)]) pen.write(line);
    pen.tell(event('port', portId, 2, 'updated'));
    expect(check(pen).violation?.detail).toContain('has no write behind it');
  });

  it('a thing that one call with one key has made twice', () => {
    const pen = new Pen();
    for (const line of [...ground, portMade(0, 1)]) pen.write(line);
    pen.tell(event('port', otherPortId, 1, 'created'));
    expect(check(pen).violation?.detail).toContain('No call comes near it');
  });

  it('a default group that is made twice', () => {
    const pen = new Pen();
    for (const line of ground) pen.write(line);
    pen.tell(event('security-group', portId, 1, 'created'));
    expect(check(pen).violation).toBeUndefined();
    pen.tell(event('security-group', otherPortId, 1, 'created'));
    expect(check(pen).violation?.detail).toContain('has no write behind it');
  });

  it('revisions that are skipped, doubled, or out of order', () => {
    const revisions = (...numbers: readonly number[]) => {
      const pen = new Pen();
      for (const line of [...ground, portMade(0, 1)]) pen.write(line);
      for (const revision of numbers) pen.tell(event('port', portId, revision, 'updated'));
      return check(pen).violation?.detail;
    };
    expect(revisions(3)).toContain('revision 3 follows revision 1');
    expect(revisions(2, 2)).toContain('revision 2 follows revision 2');
    expect(revisions(2, 4, 3)).toContain('revision 4 follows revision 2');
  });

  it('an event after the end', () => {
    const pen = new Pen();
    for (const line of [...ground, portMade(0, 1), deleted(0, 2)]) pen.write(line);
    pen.tell(event('port', portId, 3, 'updated'));
    expect(check(pen).violation?.detail).toContain('after it was deleted');
  });

  it('writes that the feed tells the other way round than their callers saw them', () => {
    const early = { ...portMade(0, 1), from: 100, to: 110 };
    const late = { ...portMade(1, 2), from: 120, to: 130 };
    expect(wrongWith(...ground, late, early)).toContain('it had ended before call');
  });

  it('a refusal without a reason', () => {
    const refused: Line = { ...portMade(0, 1), answer: no(409, 'subnet-exhausted'), events: [] };
    expect(wrongWith(...ground, refused)).toContain('every refusal has a reason');
    const any: Line = {
      operation: 'plugVnicIntoAnyPort',
      ask: { networkId: ids.network, vnicId: ids.vnics[0], macAddress: macAddresses[0] },
      answer: no(409, 'no-available-port'),
    };
    expect(wrongWith(...ground, any)).toBeUndefined();
    expect(wrongWith(...ground, portMade(0, 1), any)).toContain('every refusal has a reason');
    // There was none for a moment of the call.
    const during = { ...any, from: 100, to: 300 };
    const busy = [portMade(0, 1), plugged(0, 1, 1, 2), { ...unplugged(0, 3), from: 150, to: 200 }];
    expect(wrongWith(...ground, ...busy, during)).toBeUndefined();
    expect(wrongWith(...ground, ...busy, { ...during, from: 210 })).toContain('every refusal has a reason');
  });

  it('a read of what is over, or of what another call has seen change', () => {
    const read = (revision: number, from: number, to: number): Line => ({
      operation: 'getPort',
      ask: { portId },
      answer: ok(
        200,
        portBody(0, 1, {
          revision,
          status: revision === 1 ? 'available' : 'plugged',
          ...(revision === 1
            ? {}
            : { attachment: { vnicId: ids.vnics[0], macAddress: macAddresses[0], generation: 1 } }),
        }),
      ),
      from,
      to,
    });
    const plug = { ...plugged(0, 0, 1, 2), from: 100, to: 300 };
    const all = [...ground, portMade(0, 1), plug];
    expect(wrongWith(...all, read(1, 310, 320))).toContain('has revision 1, where it should have 2');
    expect(wrongWith(...all, read(1, 110, 120), read(2, 130, 140))).toBeUndefined();
    expect(wrongWith(...all, read(2, 110, 120), read(1, 130, 140))).toContain('shows an older state');
  });

  it('a repeated call with another answer', () => {
    const first = portMade(0, 1);
    const asked = {
      operation: 'createPort',
      projectId: ids.project,
      key: 'key-0',
      ask: first.ask,
      callId: 3,
      status: 201,
      body: first.answer?.body,
    };
    const repeat: Line = { operation: 'repeatWithSameKey', ask: asked, answer: ok(201, first.answer?.body) };
    expect(wrongWith(...ground, first, repeat)).toBeUndefined();
    const other = { ...repeat, answer: ok(201, { ...first.answer?.body, id: otherPortId }) };
    expect(wrongWith(...ground, first, other)).toContain('was first answered with');
    expect(wrongWith(...ground, first, { ...repeat, answer: no(409, 'subnet-exhausted') })).toContain(
      'should have been answered 201',
    );
  });

  it("another project's things that were shown", () => {
    const read: Line = {
      operation: 'getPort',
      ask: { portId },
      answer: ok(200, portBody(0, 1, { revision: 1, status: 'available' })),
      projectId: ids.stranger,
    };
    expect(wrongWith(...ground, portMade(0, 1), read)).toContain('port-not-found');
  });

  it('an internal error', () => {
    expect(
      wrongWith(...ground, { ...portMade(0, 1), answer: no(500, 'internal-error'), events: [] }),
    ).toContain('nothing is answered with an internal error');
  });

  it('a follower that was told less, more, or in another order', () => {
    const follow = (...told: readonly ReturnType<typeof event>[]) => {
      const pen = new Pen();
      for (const line of ground) pen.write(line);
      pen.followed = [{ name: 'a follower', concerns: () => true, told }];
      return check(pen).violation?.detail;
    };
    const [network, subnet] = [
      event('network', ids.network, 1, 'created'),
      event('subnet', ids.subnet, 1, 'created'),
    ];
    expect(follow(network, subnet)).toBeUndefined();
    expect(follow(network)).toContain('event 2 should be');
    expect(follow(network, network, subnet)).toContain('event 2 should be');
    expect(follow(subnet, network)).toContain('event 1 should be');
  });
});

it('a violation is told with the calls and the events of what it is about, and no others', () => {
  const pen = new Pen();
  for (const line of [...ground, portMade(0, 1), portMade(1, 2), plugged(0, 0, 1, 2)]) pen.write(line);
  pen.tell(event('port', portId, 3, 'updated'));
  const { violation } = check(pen);
  const story = violation ? tellStory(pen.history, violation) : '';
  expect(story).toContain('Broken: there is no event without a write');
  expect(story).toContain('#3 user 1 createPort');
  expect(story).toContain('#5 user 1 plugVnic');
  expect(story).not.toContain('#4 ');
});
