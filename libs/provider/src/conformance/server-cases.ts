import assert from 'node:assert/strict';
import { z } from 'zod';
import { capabilityMistakes } from '../capabilities.ts';
import type { ServerCapabilities, ServerProvider, ValidationIssue } from '../server.ts';
import { supportsSpi } from '../version.ts';
import { lifecycleCases } from './lifecycle-cases.ts';
import { deepFreeze, type ServerCase, type ServerSample } from './server-subject.ts';

const declarationCases: readonly ServerCase[] = [
  {
    name: 'declares capabilities that this SPI version understands, the same each time',
    run: ({ provider }) => {
      const capabilities = provider.capabilities();
      assert.match(provider.name, /^[a-z][a-z0-9-]{0,31}$/);
      assert.ok(supportsSpi(capabilities.spi), 'SPI version out of its range');
      assert.deepEqual(capabilityMistakes(capabilities), []);
      assert.ok(capabilities.maxMtu >= 1280, 'MTU too small for IPv6');
      assert.deepEqual(provider.capabilities(), capabilities);
    },
  },
  {
    name: 'takes the options that its schema names, and no others',
    run: ({ provider, valid }) => {
      const { networkOptionsSchema } = provider.capabilities();
      assert.equal(networkOptionsSchema['type'], 'object');
      const schema = z.fromJSONSchema({ ...networkOptionsSchema });
      for (const { network } of valid) {
        assert.ok(
          schema.safeParse(network.options).success,
          'its schema refuses the options of a valid sample',
        );
        const unknown = { ...network.options, 'no-such-option': true };
        assert.ok(!schema.safeParse(unknown).success, 'its schema takes unknown options');
      }
    },
  },
  {
    name: 'judges a network before numbers are allocated to it, and uses each number once they are',
    run: ({ provider, valid }) => {
      const { pools } = provider.capabilities();
      for (const sample of valid) {
        assert.deepEqual(provider.validateNetwork({ ...sample.network, allocations: {} }), []);
        for (const pool of pools.filter(({ min, max }) => min < max)) {
          if (provider.lifecycle !== undefined) continue;
          const [low, high] = [pool.min, pool.max].map((value) =>
            documentOf(provider, withAllocations(sample, { ...lowest(pools), [pool.name]: value })),
          );
          assert.notDeepEqual(low, high, `the number from ${pool.name} is in no wiring document`);
        }
      }
    },
  },
];

const judgementCases: readonly ServerCase[] = [
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
    name: 'changes nothing that it is given and gives the same answer again, whatever it was asked in between',
    run: ({ provider, valid, invalid }) => {
      const samples = deepFreeze(structuredClone([...valid, ...invalid]));
      const first = samples.map((sample) => issuesOf(provider, sample));
      const again = samples.toReversed().map((sample) => issuesOf(provider, sample));
      assert.deepEqual(again.toReversed(), first);
    },
  },
  {
    name: 'yields a versioned wiring document that survives JSON, the same each time',
    run: ({ provider, valid }) => {
      const samples = deepFreeze(
        structuredClone(valid).map((sample) =>
          withAllocations(sample, lowest(provider.capabilities().pools)),
        ),
      );
      const documents = samples.map((sample) => documentOf(provider, sample));
      for (const document of documents) {
        assert.ok(
          Number.isSafeInteger(document.version) && document.version >= 1,
          'version is not a positive integer',
        );
        assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
      }
      const again = samples.toReversed().map((sample) => documentOf(provider, sample));
      assert.deepEqual(again.toReversed(), documents);
    },
  },
];

/** What every server half must do, whatever its networks are made of. */
export const serverCases: readonly ServerCase[] = [...declarationCases, ...judgementCases, ...lifecycleCases];

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

function documentOf(provider: ServerProvider, { network, subnet, port }: ServerSample) {
  return provider.wiring({ network, subnets: [subnet], port });
}

function lowest(pools: ServerCapabilities['pools']): Readonly<Record<string, number>> {
  return Object.fromEntries(pools.map(({ name, min }) => [name, min]));
}

function withAllocations(sample: ServerSample, allocations: Readonly<Record<string, number>>): ServerSample {
  return { ...sample, network: { ...sample.network, allocations } };
}
