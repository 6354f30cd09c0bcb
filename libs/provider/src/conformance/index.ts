import { describe, test } from 'vitest';
import { hostCases, type HostSubject } from './host-cases.ts';
import { serverCases, type ServerSubject } from './server-cases.ts';

export { hostCases, type Damage, type HostCase, type HostSubject } from './host-cases.ts';
export { serverCases, type ServerCase, type ServerSample, type ServerSubject } from './server-cases.ts';

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

/** Tries a server half against everything that the SPI asks of one. */
export function describeServerProvider(name: string, makeSubject: () => ServerSubject): void {
  describe(`the server half of ${name} conforms to the SPI: it`, () => {
    test.each(serverCases)('$name', (serverCase) => serverCase.run(makeSubject()));
  });
}
