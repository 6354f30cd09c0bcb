import fc from 'fast-check';
import type { Operation, Role } from '../operations/operation.ts';

/** One thing that a client is to do: which operation, and a number that its dice start from. */
export interface Step {
  readonly operation: string;
  readonly seed: number;
}

/** A replica dies when so many operations have been done. */
export interface Kill {
  readonly afterOperations: number;
  readonly replica: number;
}

/** What a run does: each client's steps, one after another, and the kills between them. */
export interface Plan {
  readonly clients: readonly (readonly Step[])[];
  readonly kills: readonly Kill[];
}

export interface PlanSize {
  /** The role of each client. */
  readonly roles: readonly Role[];
  /** Steps of all clients together. */
  readonly operations: number;
  readonly kills: number;
}

/**
 * Plans of a given size. They are not shrunk: a plan without some of its steps meets other interleavings and other kills, so
 * that it fails elsewhere or not at all says nothing about the failure.
 */
export function plans(operations: readonly Operation[], { roles, ...size }: PlanSize): fc.Arbitrary<Plan> {
  const stepsEach = Math.ceil(size.operations / roles.length);
  const exactly = (count: number) => ({ minLength: count, maxLength: count, size: 'max' as const });
  const number = fc.noBias(fc.nat({ max: 0xffffffff }));
  const steps = (role: Role) => {
    const choices = operations
      .filter((operation) => operation.role === role)
      .map(({ name, weight }) => ({ weight, arbitrary: fc.constant(name) }));
    return fc.array(fc.record({ operation: fc.oneof(...choices), seed: number }), exactly(stepsEach));
  };
  const kill = fc.record({
    afterOperations: fc.noBias(fc.nat({ max: size.operations })),
    replica: fc.nat({ max: 1 }),
  });
  return fc.noShrink(
    fc.record({
      clients: fc.tuple(...roles.map(steps)),
      kills: fc.array(kill, exactly(size.kills)),
    }),
  );
}
