import { describe, expect, test } from 'vitest';
import { memorySubject, type Faults } from '../testing/memory-provider.ts';
import { describeHostProvider, hostCases } from './index.ts';

describeHostProvider('a correct provider in memory', async () => memorySubject());

/** The names of the cases that a provider with these faults fails. */
async function failedCases(faults: Faults): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const hostCase of hostCases) {
    const subject = memorySubject(faults);
    try {
      await hostCase.run(subject);
    } catch {
      failed.push(hostCase.name);
    }
    await subject.dispose();
  }
  return failed;
}

describe('the kit can fail: it catches a host half that', () => {
  test('forgets fences and sees no damage', async () => {
    expect(await failedCases({ ignoresFences: true, seesNoDamage: true })).toEqual([
      'follows a changed desired state, which check sees first',
      'refuses an order that is older by epoch, generation or placement, and changes nothing',
      'ignores a late removal for an older order',
      'finds damage by check and repairs it by ensure',
      'finds its wirings again after a restart, fences included',
    ]);
  });

  test('removes in a dry run and fails on what is gone', async () => {
    expect(await failedCases({ removesInDryRun: true, failsOnWhatIsGone: true })).toEqual([
      'removes a wiring, and succeeds on what is gone or never was',
      'previews leftovers without touching them, then removes just those',
    ]);
  });
});
