import type { HostProvider } from '@patchpanel/provider';
import type { NetworkService } from '../network-service.ts';

/**
 * Lets a process "die" at its n-th step outside itself: that step happens or not, and nothing that it does afterwards reaches
 * the outside. The other half of a crash, a new process on the same state, is the test's part.
 */
export interface Mortality {
  networkService(service: NetworkService): NetworkService;
  provider(provider: HostProvider): HostProvider;
  readonly isDead: boolean;
  /** Steps so far. */
  readonly steps: number;
  /** Resolves at death. */
  readonly death: Promise<void>;
}

const steps: ReadonlySet<string> = new Set(['claim', 'report', 'release', 'ensure', 'remove']);

export function mortality(dieAtStep: number, moment: 'before' | 'after'): Mortality {
  const { promise: death, resolve: die } = Promise.withResolvers<undefined>();
  const never = new Promise<never>(() => undefined);
  let count = 0;
  let isDead = false;

  /** Every method of the outside world, with death in it. */
  const wrap = <World extends object>(world: World): World =>
    new Proxy(world, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (isDead) return never;
          const isLast = steps.has(String(name)) && ++count === dieAtStep;
          if (!isLast) return Reflect.apply(member, target, args) as unknown;
          isDead = true;
          const happened =
            moment === 'after' ? (Reflect.apply(member, target, args) as Promise<unknown>) : undefined;
          Promise.resolve(happened).then(
            () => die(undefined),
            () => die(undefined),
          );
          return never;
        };
      },
    });

  return {
    networkService: wrap,
    provider: wrap,
    get isDead() {
      return isDead;
    },
    get steps() {
      return count;
    },
    death: death.then(() => undefined),
  };
}
