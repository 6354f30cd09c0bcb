import type { RequestListener } from 'node:http';
import type { Lifetime } from './lifetime.ts';
import type { Logger } from './logger.ts';
import { listen, type ListenAddress, type Listener } from './server.ts';

/** An app and where it is served. */
export interface Side {
  readonly app: RequestListener;
  readonly address: ListenAddress;
}

/**
 * Serves users and hosts until the process ends, and says in the log where, once both are ready. The end closes both at once:
 * one after the other, they could use up the time that the whole process has for it.
 */
export async function serve(
  sides: { readonly public: Side; readonly southbound: Side },
  { lifetime, logger }: { readonly lifetime: Lifetime; readonly logger: Logger },
): Promise<{ readonly public: Listener; readonly southbound: Listener }> {
  const listener = await listen(sides.public.app, sides.public.address);
  const southboundListener = await listen(sides.southbound.app, sides.southbound.address);
  lifetime.onStop('listeners', async () => {
    await Promise.all([listener.close(), southboundListener.close()]);
  });
  logger.info({ public: listener.url, southbound: southboundListener.url }, 'listening');
  return { public: listener, southbound: southboundListener };
}
