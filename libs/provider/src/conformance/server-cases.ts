import assert from 'node:assert/strict';
import type {
  NetworkContext,
  PortContext,
  ServerProvider,
  SubnetContext,
  ValidationIssue,
} from '../server.ts';
import { supportsSpi } from '../version.ts';

/** A network with a subnet and a port in it. */
export interface ServerSample {
  readonly network: NetworkContext;
  readonly subnet: SubnetContext;
  readonly port: PortContext;
}

/** A server half with all that the kit needs to try it. */
export interface ServerSubject {
  readonly provider: ServerProvider;
  /** Samples that the provider must accept. */
  readonly valid: readonly ServerSample[];
  /** Samples of which it must refuse at least one part; may be empty for a provider that accepts everything. */
  readonly invalid: readonly ServerSample[];
}

/** One thing that every server half must do. */
export interface ServerCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Throws when the subject doesn't do so. */
  run(subject: ServerSubject): void;
}

/** What every server half must do, whatever its networks are made of. */
export const serverCases: readonly ServerCase[] = [
  {
    name: 'declares capabilities that this SPI version understands, the same each time',
    run: ({ provider }) => {
      const capabilities = provider.capabilities();
      assert.match(provider.name, /^[a-z][a-z0-9-]{0,31}$/);
      assert.ok(supportsSpi(capabilities.spi), 'SPI version out of its range');
      assert.ok(capabilities.ipVersions.length > 0, 'carries no IP version');
      assert.ok(capabilities.maxMtu >= 1280, 'MTU too small for IPv6');
      assert.equal(capabilities.networkOptionsSchema['type'], 'object');
      assert.equal(capabilities.networkOptionsSchema['additionalProperties'], false, 'takes unknown options');
      for (const pool of capabilities.pools) assert.ok(pool.min <= pool.max, `pool ${pool.name} is empty`);
      assert.equal(new Set(capabilities.pools.map(({ name }) => name)).size, capabilities.pools.length);
      assert.deepEqual(provider.capabilities(), capabilities);
    },
  },
  {
    name: 'accepts what is valid',
    run: ({ provider, valid }) => {
      assert.notEqual(valid.length, 0, 'the subject offers no valid sample');
      for (const sample of valid) assert.deepEqual(issuesOf(provider, sample), []);
    },
  },
  {
    name: 'refuses what is not, saying where and why',
    run: ({ provider, invalid }) => {
      for (const sample of invalid) {
        const issues = issuesOf(provider, sample);
        assert.notDeepEqual(issues, [], `accepts ${JSON.stringify(sample)}`);
        for (const { pointer, detail } of issues) {
          assert.match(pointer, /^(\/[^/]+)+$/);
          assert.notEqual(detail, '');
        }
      }
    },
  },
  {
    name: 'changes nothing that it is given and gives the same answer again',
    run: ({ provider, valid, invalid }) => {
      for (const sample of [...valid, ...invalid]) {
        const frozen = deepFreeze(structuredClone(sample));
        assert.deepEqual(issuesOf(provider, frozen), issuesOf(provider, frozen));
      }
    },
  },
  {
    name: 'yields a versioned wiring document that survives JSON, the same each time',
    run: ({ provider, valid }) => {
      for (const sample of valid) {
        const { network, subnet, port } = deepFreeze(structuredClone(sample));
        const document = provider.wiring({ network, subnets: [subnet], port });
        assert.ok(
          Number.isSafeInteger(document.version) && document.version >= 1,
          'version is not a positive integer',
        );
        assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
        assert.deepEqual(provider.wiring({ network, subnets: [subnet], port }), document);
      }
    },
  },
];

function issuesOf(
  provider: ServerProvider,
  { network, subnet, port }: ServerSample,
): readonly ValidationIssue[] {
  return [
    ...provider.validateNetwork(network),
    ...provider.validateSubnet(subnet, network),
    ...provider.validatePort(port, network),
  ];
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
