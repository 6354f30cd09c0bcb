import { describe, test } from 'vitest';
import { hostCases, type HostSubject } from './host-cases.ts';
import { serverCases } from './server-cases.ts';
import type { ServerSubject } from './server-subject.ts';

export { hostCases, type Damage, type HostCase, type HostSubject } from './host-cases.ts';
export { serverCases } from './server-cases.ts';
export type { EngineSubject, ServerCase, ServerSample, ServerSubject } from './server-subject.ts';

/**
 * Tries a host half against everything that the SPI asks of one.
 * @param makeSubject makes a subject of its own for each case; the kit disposes of it, also when the case fails.
 */
export function describeHostProvider(name: string, makeSubject: () => Promise<HostSubject>): void {
  describe(`the host half of ${name} conforms to the SPI: it`, () => {
    test.each(hostCases)('$name', async (hostCase) => {
      const subject = await makeSubject();
      try {
        await hostCase.run(subject);
      } finally {
        await subject.dispose();
      }
    });
  });
}

/**
 * Tries a server half against everything that the SPI asks of one.
 * @param makeSubject makes a subject of its own for each case; the kit disposes of it, also when the case fails.
 */
export function describeServerProvider(
  name: string,
  makeSubject: () => ServerSubject | Promise<ServerSubject>,
): void {
  describe(`the server half of ${name} conforms to the SPI: it`, () => {
    test.each(serverCases)('$name', async (serverCase) => {
      const subject = await makeSubject();
      try {
        await serverCase.run(subject);
      } finally {
        await subject.dispose?.();
      }
    });
  });
}
