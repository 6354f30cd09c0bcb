import assert from 'node:assert/strict';
import { isProviderError, type ProviderErrorCode } from '../errors.ts';
import type { Fence } from '../fence.ts';
import {
  identityOf,
  isSameWiring,
  type DesiredWiring,
  type HostProvider,
  type WiringIdentity,
} from '../host.ts';
import { spiVersion } from '../version.ts';

/** A way to break what a provider has wired, behind its back. */
export interface Damage {
  /** Completes the sentence "finds and repairs …". */
  readonly name: string;
  inflict(wiring: DesiredWiring): Promise<void>;
}

/** A host half with all that the kit needs to try it. Made anew for each case. */
export interface HostSubject {
  readonly provider: HostProvider;
  /** Two wirings of different vNICs in one network, with devices that are there. */
  readonly wirings: readonly [DesiredWiring, DesiredWiring];
  readonly damages: readonly Damage[];
  /** Another provider over the same state, as after a restart of the agent. */
  restart(): Promise<HostProvider>;
  /** Removes everything, whatever state the case left. */
  dispose(): Promise<void>;
}

/** One thing that every host half must do. */
export interface HostCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Throws when the subject doesn't do so. */
  run(subject: HostSubject): Promise<void>;
}

const forever = () => new AbortController().signal;

/** What every host half must do, whatever it wires. */
export const hostCases: readonly HostCase[] = [
  {
    name: 'works with this SPI version and misses nothing that it requires',
    run: async ({ provider }) => {
      assert.ok(
        provider.spi.min <= spiVersion && spiVersion <= provider.spi.max,
        'SPI version out of its range',
      );
      assert.deepEqual(
        (await provider.probe()).filter(({ isRequired }) => isRequired),
        [],
      );
    },
  },
  {
    name: 'ensures a wiring and reads back what was desired',
    run: async ({ provider, wirings: [wiring] }) => {
      assert.notDeepEqual(
        await check(provider, wiring),
        [],
        'check finds nothing amiss before anything is wired',
      );
      const observed = await provider.ensure(wiring, forever());
      assert.deepEqual(observed.identity, identityOf(wiring.attachment));
      assert.equal(observed.macAddress, wiring.attachment.macAddress);
      if (observed.addresses.length > 0) {
        for (const { ipAddress, prefixLength } of wiring.attachment.fixedIps) {
          assert.ok(
            observed.addresses.includes(`${ipAddress}/${prefixLength}`),
            `${ipAddress} was not read back`,
          );
        }
      }
      assert.deepEqual(await check(provider, wiring), []);
      assert.deepEqual(await provider.list(), [identityOf(wiring.attachment)]);
    },
  },
  {
    name: 'changes nothing when the same is ensured again',
    run: async ({ provider, wirings: [wiring] }) => {
      const first = await provider.ensure(wiring, forever());
      assert.deepEqual(await provider.ensure(wiring, forever()), first);
      assert.deepEqual(await check(provider, wiring), []);
      assert.equal((await provider.list()).length, 1);
    },
  },
  {
    name: 'ensures two wirings at once and tells them apart',
    run: async ({ provider, wirings }) => {
      await Promise.all(wirings.map((wiring) => provider.ensure(wiring, forever())));
      for (const wiring of wirings) assert.deepEqual(await check(provider, wiring), []);
      assert.deepEqual(vnicsOf(await provider.list()), vnicsOf(wirings.map(({ attachment }) => attachment)));
      await provider.remove(identityOf(wirings[0].attachment), forever());
      assert.deepEqual(await check(provider, wirings[1]), [], 'removing one disturbed the other');
    },
  },
  {
    name: 'follows a changed desired state, which check sees first',
    run: async ({ provider, wirings: [wiring] }) => {
      await provider.ensure(wiring, forever());
      const changed: DesiredWiring = {
        ...wiring,
        attachment: { ...wiring.attachment, fixedIps: wiring.attachment.fixedIps.slice(1) },
      };
      assert.notDeepEqual(
        await check(provider, changed),
        [],
        'check does not see that an address is no longer desired',
      );
      await provider.ensure(changed, forever());
      assert.deepEqual(await check(provider, changed), []);
      assert.notDeepEqual(await check(provider, wiring), []);
    },
  },
  {
    name: 'refuses an order that is older by epoch, generation or placement, and changes nothing',
    run: async ({ provider, wirings: [wiring] }) => {
      const wired = withFence(wiring, { epoch: 2, generation: 5, placement: 7 });
      await provider.ensure(wired, forever());
      const older: readonly Fence[] = [
        { epoch: 1, generation: 9, placement: 9 },
        { epoch: 2, generation: 4, placement: 9 },
        { epoch: 2, generation: 5, placement: 6 },
      ];
      for (const fence of older) {
        const stale = withFence(wiring, fence);
        const blocked: DesiredWiring = { ...stale, attachment: { ...stale.attachment, fixedIps: [] } };
        await rejects(provider.ensure(blocked, forever()), 'fenced');
        assert.deepEqual(
          await check(provider, wired),
          [],
          `refusing ${JSON.stringify(fence)} changed something`,
        );
      }
    },
  },
  {
    name: 'lets a newer order win, also one of a newer epoch with a lower generation',
    run: async ({ provider, wirings: [wiring] }) => {
      for (const fence of [
        { epoch: 1, generation: 5, placement: 1 },
        { epoch: 1, generation: 5, placement: 2 },
        { epoch: 1, generation: 6, placement: 1 },
        { epoch: 2, generation: 1, placement: 1 },
      ]) {
        const newer = withFence(wiring, fence);
        await provider.ensure(newer, forever());
        assert.deepEqual(await check(provider, newer), []);
        assert.deepEqual(await provider.list(), [identityOf(newer.attachment)]);
      }
    },
  },
  {
    name: 'removes a wiring, and succeeds on what is gone or never was',
    run: async ({ provider, wirings: [wiring, never] }) => {
      await provider.ensure(wiring, forever());
      await provider.remove(identityOf(wiring.attachment), forever());
      assert.deepEqual(await provider.list(), []);
      assert.notDeepEqual(await check(provider, wiring), [], 'check finds nothing amiss after removal');
      await provider.remove(identityOf(wiring.attachment), forever());
      await provider.remove(identityOf(never.attachment), forever());
      await provider.ensure(wiring, forever());
      assert.deepEqual(await check(provider, wiring), []);
    },
  },
  {
    name: 'ignores a late removal for an older order',
    run: async ({ provider, wirings: [wiring] }) => {
      const wired = withFence(wiring, { epoch: 2, generation: 2, placement: 2 });
      await provider.ensure(wired, forever());
      for (const fence of [
        { epoch: 1, generation: 3, placement: 3 },
        { epoch: 2, generation: 1, placement: 3 },
        { epoch: 2, generation: 2, placement: 1 },
      ]) {
        await provider.remove({ ...identityOf(wired.attachment), ...fence }, forever());
        assert.deepEqual(await check(provider, wired), []);
      }
    },
  },
  {
    name: 'finds damage by check and repairs it by ensure',
    run: async ({ provider, wirings: [wiring], damages }) => {
      assert.notEqual(damages.length, 0, 'the subject offers no damage to inflict');
      await provider.ensure(wiring, forever());
      for (const damage of damages) {
        await damage.inflict(wiring);
        const differences = await check(provider, wiring);
        assert.notDeepEqual(differences, [], `check does not see ${damage.name}`);
        for (const { desired, actual } of differences) assert.notEqual(desired, actual);
        assert.notDeepEqual(await check(provider, wiring), [], `check itself repaired ${damage.name}`);
        await provider.ensure(wiring, forever());
        assert.deepEqual(await check(provider, wiring), [], `ensure does not repair ${damage.name}`);
      }
    },
  },
  {
    name: 'previews leftovers without touching them, then removes just those',
    run: async ({ provider, wirings: [kept, left] }) => {
      await provider.ensure(kept, forever());
      await provider.ensure(left, forever());
      const validSet = [{ ...identityOf(kept.attachment), generation: kept.attachment.generation + 1 }];
      const preview = await provider.gc(validSet, { dryRun: true });
      assert.ok(
        preview.some(({ identity }) => identity !== undefined && isSameWiring(identity, left.attachment)),
        'the preview does not name the leftover',
      );
      assert.deepEqual(await check(provider, left), [], 'the preview removed something');
      assert.deepEqual(await provider.gc(validSet, { dryRun: false }), preview);
      assert.deepEqual(await provider.list(), [identityOf(kept.attachment)]);
      assert.deepEqual(await check(provider, kept), [], 'the valid wiring was disturbed');
      assert.deepEqual(await provider.gc(validSet, { dryRun: true }), []);
    },
  },
  {
    name: 'finds its wirings again after a restart, fences included',
    run: async (subject) => {
      const {
        provider,
        wirings: [wiring],
      } = subject;
      const wired = withFence(wiring, { epoch: 1, generation: 2, placement: 1 });
      const observed = await provider.ensure(wired, forever());
      const restarted = await subject.restart();
      assert.deepEqual(await restarted.list(), [identityOf(wired.attachment)]);
      assert.deepEqual(await check(restarted, wired), []);
      const older = withFence(wiring, { epoch: 1, generation: 1, placement: 1 });
      await rejects(restarted.ensure(older, forever()), 'fenced');
      assert.deepEqual(await restarted.ensure(wired, forever()), observed);
      await restarted.remove(identityOf(wired.attachment), forever());
      assert.deepEqual(await restarted.list(), []);
    },
  },
  {
    name: 'refuses a wiring document of a version that it does not know',
    run: async ({ provider, wirings: [wiring] }) => {
      const unknown = { ...wiring, wiring: { ...wiring.wiring, version: 999_999 } };
      await rejects(provider.ensure(unknown, forever()), 'wiring-invalid');
      assert.deepEqual(await provider.list(), []);
    },
  },
  {
    name: 'stops when aborted, and goes on from there when asked again',
    run: async ({ provider, wirings: [wiring] }) => {
      await assert.rejects(async () => provider.ensure(wiring, AbortSignal.abort()));
      await provider.ensure(wiring, forever());
      assert.deepEqual(await check(provider, wiring), []);
    },
  },
  {
    name: 'reports the status of each wiring',
    run: async ({ provider, wirings }) => {
      for (const wiring of wirings) await provider.ensure(wiring, forever());
      const status = await provider.status();
      assert.deepEqual(
        vnicsOf(status.wirings.map(({ identity }) => identity)),
        vnicsOf(wirings.map(({ attachment }) => attachment)),
      );
    },
  },
];

function check(provider: HostProvider, wiring: DesiredWiring) {
  return provider.check(wiring, forever());
}

function withFence(wiring: DesiredWiring, fence: Fence): DesiredWiring {
  return { ...wiring, attachment: { ...wiring.attachment, ...fence } };
}

function vnicsOf(identities: readonly WiringIdentity[]): readonly string[] {
  return identities.map(({ vnicId }) => vnicId).toSorted();
}

async function rejects(promise: Promise<unknown>, code: ProviderErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isProviderError(error), `expected a ProviderError, got ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}
