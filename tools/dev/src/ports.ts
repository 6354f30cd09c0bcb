import { createServer, type Server } from 'node:net';
import { hold, type Release } from './lock.ts';

/** TCP ports on loopback. */
export type Ports = Readonly<
  Record<'network' | 'networkSouthbound' | 'compute' | 'computeSouthbound', number>
>;

/** A number that ports belong to, or any that are free. */
export type PortBase = number | 'free';

/** Ports that are ours until they are released: no other stack on this machine takes them meanwhile. */
export interface ChosenPorts {
  readonly ports: Ports;
  /** Which of the usual ports somebody else has; others were chosen then. */
  readonly taken: readonly number[];
  readonly release: Release;
}

export const defaultPortBase = 7300;

/** Which ports belong to a base. */
export function portsFrom(base: number): Ports {
  return {
    network: base + 1,
    networkSouthbound: base + 2,
    compute: base + 101,
    computeSouthbound: base + 102,
  };
}

/** Chooses the ports to listen on: those of a base, which must be free then, or the usual ones if they are, or any. */
export async function choosePorts(base?: PortBase): Promise<ChosenPorts> {
  if (base === 'free') return { ...(await claimFreePorts()), taken: [] };
  const ports = portsFrom(base ?? defaultPortBase);
  const releases: Release[] = [];
  const taken: number[] = [];
  for (const port of Object.values(ports)) {
    const release = await claim(port);
    if (release === undefined) taken.push(port);
    else releases.push(release);
  }
  if (taken.length === 0) return { ports, taken, release: releaseAll(releases) };
  await releaseAll(releases)();
  if (base !== undefined) {
    throw new Error(`port ${taken.join(', ')} is taken by another program: choose another --port-base`);
  }
  return { ...(await claimFreePorts()), taken };
}

/** Four ports that nothing listens on, chosen by the system. */
async function claimFreePorts(): Promise<Omit<ChosenPorts, 'taken'>> {
  const releases: Release[] = [];
  const freePort = async (): Promise<number> => {
    for (;;) {
      const server = await listen(0);
      const port = portOf(server);
      await close(server);
      const release = await claim(port);
      if (release === undefined) continue;
      releases.push(release);
      return port;
    }
  };
  const ports = {
    network: await freePort(),
    networkSouthbound: await freePort(),
    compute: await freePort(),
    computeSouthbound: await freePort(),
  };
  return { ports, release: releaseAll(releases) };
}

/** Claims a port that nothing listens on and no other stack is about to listen on; undefined when it can't be had. */
async function claim(port: number): Promise<Release | undefined> {
  const release = await hold(`port-${port}`);
  if (release === undefined || (await isFree(port))) return release;
  await release();
  return undefined;
}

function releaseAll(releases: readonly Release[]): Release {
  return async () => {
    for (const release of releases) await release();
  };
}

async function isFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port));
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    throw error;
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('a server on loopback has no port');
}
