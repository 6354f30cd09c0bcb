import { createServer, type Server } from 'node:net';

/** TCP ports on loopback. */
export type Ports = Readonly<
  Record<'network' | 'networkSouthbound' | 'compute' | 'computeSouthbound', number>
>;

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

/** A number that ports belong to, or any that are free. */
export type PortBase = number | 'free';

/** The ports to listen on, and which of the usual ones another program has. */
export async function choosePorts(base?: PortBase): Promise<{ ports: Ports; taken: number[] }> {
  if (base === 'free') return { ports: await freePorts(), taken: [] };
  const wanted = portsFrom(base ?? defaultPortBase);
  const taken: number[] = [];
  for (const port of Object.values(wanted)) if (!(await isFree(port))) taken.push(port);
  if (taken.length === 0) return { ports: wanted, taken };
  if (base !== undefined) {
    throw new Error(`port ${taken.join(', ')} is taken by another program: choose another --port-base`);
  }
  return { ports: await freePorts(), taken };
}

/** Four ports that nothing listens on, chosen by the system. */
async function freePorts(): Promise<Ports> {
  const servers: Server[] = [];
  for (let count = 0; count < 4; count += 1) servers.push(await listen(0));
  const numbers = servers.map(portOf);
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  const [network = 0, networkSouthbound = 0, compute = 0, computeSouthbound = 0] = numbers;
  return { network, networkSouthbound, compute, computeSouthbound };
}

async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
      return false;
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

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('a server on loopback has no port');
}
