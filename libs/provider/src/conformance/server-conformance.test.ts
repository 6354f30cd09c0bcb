import { expect, describe, test } from 'vitest';
import { memoryEngineSubject, memoryServerSubject } from '../testing/memory-server.ts';
import { describeServerProvider, serverCases, type ServerSubject } from './index.ts';

describeServerProvider('a correct provider in memory', () => memoryServerSubject());
describeServerProvider('a correct provider with an engine', () => memoryEngineSubject());

/** What a wrong provider's cases fail with, by case. */
async function failures(makeSubject: () => ServerSubject): Promise<Readonly<Record<string, string>>> {
  const failed: Record<string, string> = {};
  for (const serverCase of serverCases) {
    try {
      await serverCase.run(makeSubject());
    } catch (error) {
      failed[serverCase.name] = error instanceof Error ? error.message : String(error);
    }
  }
  return failed;
}

const declares = 'declares capabilities that this SPI version understands, the same each time';
const takesOptions = 'takes the options that its schema names, and no others';
const usesNumbers = 'judges a network before numbers are allocated to it, and uses each number once they are';
const accepts = 'accepts what is valid';
const refuses = 'refuses what is not, saying where and why';
const isPure =
  'changes nothing that it is given and gives the same answer again, whatever it was asked in between';
const yieldsJson = 'yields a versioned wiring document that survives JSON, the same each time';

describe('the kit can fail: it catches a server half that', () => {
  test.each([
    ['takes any option', { takesAnyOption: true }, { [takesOptions]: /takes unknown options/ }],
    [
      'declares what it cannot carry',
      { declaresWhatItCannotCarry: true },
      { [declares]: /dhcpv6 is of IPv6/ },
    ],
    ['has an empty pool', { hasAnEmptyPool: true }, { [declares]: /pools\.0: is empty/ }],
    [
      'wants its numbers before it can have them',
      { wantsNumbersEarly: true },
      { [usesNumbers]: /is missing/, [accepts]: /is missing/ },
    ],
    [
      'forgets its numbers',
      { forgetsItsNumbers: true },
      { [usesNumbers]: /the number from vni is in no wiring document/ },
    ],
    ['writes to its input', { writesToItsInput: true }, { [isPure]: /cannot write to the network/ }],
    ['remembers what it was asked', { remembersWhatItWasAsked: true }, { [isPure]: /question/ }],
    ['refuses without a place', { refusesWithoutAPlace: true }, { [refuses]: /did not match/ }],
    [
      'yields what is no JSON',
      { yieldsWhatIsNoJson: true },
      { [usesNumbers]: /the number from vni/, [yieldsJson]: /NaN/ },
    ],
  ])('%s', async (_, faults, expected) => {
    expect(await failures(() => memoryServerSubject(faults))).toEqual(matching(expected));
  });
});

const ensures = 'ensures a network, and changes nothing when the same is ensured again';
const converges = 'brings a network to its newest state from any older one';
const isFenced = 'never lets an older state overwrite a newer one';
const removes = 'removes a network, and succeeds on what is gone or never was';
const stops = 'stops when aborted, and goes on from there when asked again';
const speaks = 'says in public words that its engine fails, and succeeds once it is mended';

describe('the kit can fail: it catches a lifecycle that', () => {
  test.each([
    [
      'adds up when repeated',
      { addsUpWhenRepeated: true },
      { [ensures]: /deep-equal/, [converges]: /deep-equal/ },
    ],
    ['keeps old subnets', { keepsOldSubnets: true }, { [converges]: /deep-equal/ }],
    ['ignores generations', { ignoresGenerations: true }, { [isFenced]: /older generation overwrote/ }],
    ['ignores epochs', { ignoresEpochs: true }, { [isFenced]: /newer epoch is not heard/ }],
    ['fails on what is gone', { failsOnWhatIsGone: true }, { [removes]: /no such network/ }],
    ['removes everything', { removesEverything: true }, { [removes]: /deep-equal/ }],
    ['ignores its signal', { ignoresItsSignal: true }, { [stops]: /Missing expected rejection/ }],
    ['fails in its own words', { failsInItsOwnWords: true }, { [speaks]: /expected a ProviderError/ }],
    ['hides its failures', { hidesFailures: true }, { [speaks]: /Missing expected rejection/ }],
  ])('%s', async (_, faults, expected) => {
    expect(await failures(() => memoryEngineSubject(faults))).toEqual(matching(expected));
  });

  test('is there, but whose engine the kit cannot look at', async () => {
    const { engine: _, ...blind } = memoryEngineSubject();
    expect(Object.values(await failures(() => blind))).toEqual(
      Array(6).fill('the subject of a provider with a lifecycle offers no engine to look at'),
    );
  });
});

function matching(expected: Readonly<Record<string, RegExp>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(expected).map(([name, message]) => [name, expect.stringMatching(message)]),
  );
}
