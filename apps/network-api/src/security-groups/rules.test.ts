import type { SecurityGroupRuleInput } from '@patchpanel/contract-network';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRule, toRule, type RuleContent, type RuleRow } from './rules.ts';

const groupId = '019abc00-1234-7abc-8def-0123456789b0';
const minimal = { direction: 'ingress', etherType: 'ipv4' } as const;

function contentOf(input: SecurityGroupRuleInput): RuleContent {
  const read = readRule(input);
  if ('errors' in read) throw new Error(JSON.stringify(read.errors));
  return read.content;
}

function pointersOf(input: SecurityGroupRuleInput): string[] {
  const read = readRule(input);
  return 'errors' in read ? read.errors.map(({ pointer }) => pointer) : [];
}

function stored(content: RuleContent): RuleRow {
  return {
    ...content,
    id: groupId,
    security_group_id: groupId,
    project_id: groupId,
    description: '',
    created_at: '2026-11-01T12:00:00.000Z',
  };
}

/** What somebody wrote, as far as it is a rule. */
function inputOf(content: RuleContent): SecurityGroupRuleInput {
  const {
    id: _id,
    securityGroupId: _group,
    projectId: _project,
    createdAt: _at,
    ...rule
  } = toRule(stored(content));
  return rule;
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** Whatever the document lets through. */
const anything: fc.Arbitrary<SecurityGroupRuleInput> = fc
  .record({
    direction: fc.constantFrom('ingress', 'egress'),
    etherType: fc.constantFrom('ipv4', 'ipv6'),
    protocol: optional(
      fc.oneof(
        fc.constantFrom('tcp', 'udp', 'sctp', 'icmp', 'icmpv6', '1', '6', '58', '007', '00'),
        fc.integer({ min: 0, max: 999 }).map(String),
      ),
    ),
    portMin: optional(fc.integer({ min: 1, max: 65_535 })),
    portMax: optional(fc.integer({ min: 1, max: 65_535 })),
    icmpType: optional(fc.integer({ min: 0, max: 255 })),
    icmpCode: optional(fc.integer({ min: 0, max: 255 })),
    remoteCidr: optional(
      fc.constantFrom(
        '10.0.0.0/8',
        '0.0.0.0/0',
        '2001:DB8::/32',
        '::/0',
        '10.0.0.1/8',
        '010.0.0.0/8',
        'junk',
      ),
    ),
    remoteGroupId: optional(fc.constantFrom(groupId, groupId.toUpperCase())),
  })
  .map((input) => JSON.parse(JSON.stringify(input)));

describe('a rule', () => {
  it('that is accepted makes sense, and holds to the constraints of the database', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const read = readRule(input);
        if ('errors' in read) return;
        const { content } = read;
        const isIcmp = content.protocol === 1 || content.protocol === 58;
        const hasPorts = content.port_min !== null;
        expect(content.port_max !== null).toBe(hasPorts);
        if (hasPorts) expect([6, 17, 132]).toContain(content.protocol);
        if (hasPorts) expect(content.port_max).toBeGreaterThanOrEqual(content.port_min ?? 0);
        if (content.icmp_type !== null) expect(isIcmp).toBe(true);
        if (content.icmp_code !== null) expect(content.icmp_type).not.toBeNull();
        if (isIcmp) expect(content.protocol).toBe(content.ether_type === 'ipv4' ? 1 : 58);
        expect(content.remote_cidr !== null && content.remote_group_id !== null).toBe(false);
        if (content.remote_cidr !== null)
          expect(content.remote_cidr.includes(':')).toBe(content.ether_type === 'ipv6');
        expect(content.protocol ?? 0).toBeLessThanOrEqual(255);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that is refused has a pointer to something of it that was given or is missing', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const pointers = pointersOf(input);
        expect(new Set(pointers).size).toBe(pointers.length);
        for (const pointer of pointers) {
          const isMissingEnd = pointer === '/portMin' || pointer === '/portMax';
          expect(isMissingEnd || Object.hasOwn(input, pointer.slice(1))).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read back as what it was, in one spelling', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const read = readRule(input);
        if ('errors' in read) return;
        expect(contentOf(inputOf(read.content))).toEqual(read.content);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['tcp', '6'],
    ['udp', '17'],
    ['sctp', '132'],
    ['icmp', '1'],
  ])('knows %s by its number, too, and gives the name back', (name, number) => {
    expect(contentOf({ ...minimal, protocol: name })).toEqual(contentOf({ ...minimal, protocol: number }));
    expect(toRule(stored(contentOf({ ...minimal, protocol: number }))).protocol).toBe(name);
  });

  it('keeps numbers that have no name here', () => {
    expect(toRule(stored(contentOf({ ...minimal, protocol: '47' }))).protocol).toBe('47');
    expect(contentOf({ ...minimal, protocol: '0' }).protocol).toBe(0);
  });

  it('has a remote in canonical form', () => {
    const content = contentOf({ ...minimal, etherType: 'ipv6', remoteCidr: '2001:DB8:0::/48' });
    expect(content.remote_cidr).toBe('2001:db8::/48');
    expect(contentOf({ ...minimal, remoteGroupId: groupId.toUpperCase() }).remote_group_id).toBe(groupId);
  });

  it.each([
    [{ protocol: 'icmpv6' }, ['/protocol']],
    [{ protocol: '58' }, ['/protocol']],
    [{ protocol: 'icmp', etherType: 'ipv6' as const }, ['/protocol']],
    [{ protocol: '1', etherType: 'ipv6' as const }, ['/protocol']],
    [{ protocol: '256' }, ['/protocol']],
    [{ protocol: '06' }, ['/protocol']],
    [{ protocol: 'tcp', portMin: 80 }, ['/portMax']],
    [{ protocol: 'tcp', portMax: 80 }, ['/portMin']],
    [{ protocol: 'tcp', portMin: 81, portMax: 80 }, ['/portMax']],
    [{ portMin: 80, portMax: 80 }, ['/portMin']],
    [{ protocol: '47', portMin: 80, portMax: 80 }, ['/portMin']],
    [{ protocol: 'tcp', icmpType: 8 }, ['/icmpType']],
    [{ icmpType: 8 }, ['/icmpType']],
    [{ protocol: 'icmp', icmpCode: 0 }, ['/icmpCode']],
    [{ remoteCidr: '2001:db8::/32' }, ['/remoteCidr']],
    [{ remoteCidr: '10.0.0.1/24' }, ['/remoteCidr']],
    [{ remoteCidr: '10.0.0.0/8', remoteGroupId: groupId }, ['/remoteGroupId']],
    [
      { protocol: 'udp', portMin: 1, icmpType: 3, remoteCidr: '::/0' },
      ['/portMax', '/icmpType', '/remoteCidr'],
    ],
  ])('with %j is refused at %j', (wrong, pointers) => {
    expect(pointersOf({ ...minimal, ...wrong })).toEqual(pointers);
  });
});
