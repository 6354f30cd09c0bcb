import { endLeftovers, healOnceRuns } from './healing.ts';
import { TokenOffice } from './identity/tokens.ts';
import { lockState, type Release } from './lock.ts';
import type { Mode } from './mode.ts';
import { claimState, makePlaces, removePlaces, removeRun, type Places } from './places.ts';
import { choosePorts, type PortBase } from './ports.ts';
import type { Surroundings } from './processes/configuration.ts';
import { chooseUsers } from './processes/users.ts';
import { installPrograms } from './programs.ts';
import type { Progress } from './progress.ts';

/** What to start. */
export interface StackOptions {
  readonly mode: Mode;
  readonly places: Places;
  /** Other runs beside this one that nobody comes back to: what is left of those that were killed is removed. */
  readonly onceRuns?: readonly Places[];
  /** Listen on the ports that belong to this number; without it on the usual ones, or on free ones if those are taken. */
  readonly portBase?: PortBase | undefined;
  /** The folder with the bundles. */
  readonly dist: string;
  /** Whether the databases and keys stay for the next time when everything is closed. */
  readonly keepState: boolean;
  readonly progress?: Progress;
  /** Ends the start between two of its parts; all is undone then. */
  readonly signal?: AbortSignal;
}

/** All that must be there before the first process starts. */
export interface Prepared {
  readonly surroundings: Surroundings;
  readonly tokens: TokenOffice;
  /** Lets go of the folder, the users and the ports. */
  readonly release: Release;
}

/** The name of the one host. */
const hostName = 'host-1';

/** Takes the folder for us, heals what an earlier run left in it, and puts programs, keys and tokens in place. */
export async function prepare(options: StackOptions, progress: Progress): Promise<Prepared> {
  const { mode, places } = options;
  const releases = [await lockState(places.state)];
  const release = async () => {
    for (const each of releases) await each();
  };
  try {
    claimState(places);
  } catch (error) {
    await release();
    throw error;
  }
  try {
    const users = await progress('room made', async (say) => {
      const { processes, machines } = await endLeftovers(places);
      if (processes.length + machines > 0) {
        say(`ended what an earlier run left: ${[...processes, `${machines} machines`].join(', ')}`);
      }
      const chosen = mode.isReal ? await chooseUsers(places.usersFile) : undefined;
      if (chosen !== undefined) releases.unshift(chosen.release);
      makePlaces(places, chosen?.users);
      return chosen?.users;
    });
    const ports = await progress('ports', async (say) => {
      const chosen = await choosePorts(options.portBase);
      releases.unshift(chosen.release);
      if (chosen.taken.length > 0) say(`${chosen.taken.join(', ')} taken: using free ones`);
      return chosen.ports;
    });
    const programs = await progress('programs in place', async () =>
      installPrograms(options.dist, places.programs),
    );
    const tokens = await progress('keys and tokens', async () => {
      const office = await TokenOffice.open(places, users, hostName);
      await office.writeServiceTokens();
      return office;
    });
    const surroundings = { mode, places, ports, programs, users, hostName };
    const { onceRuns = [] } = options;
    if (onceRuns.length > 0) {
      await progress('killed runs removed', async (say) =>
        say((await healOnceRuns(onceRuns, surroundings)).join(', ')),
      );
    }
    return { surroundings, tokens, release };
  } catch (error) {
    clearPlaces(options);
    await release();
    throw error;
  }
}

/** Removes what a stack that has ended leaves of no use: all of it, or all but what is kept for the next time. */
export function clearPlaces({ places, keepState }: StackOptions): void {
  if (keepState) removeRun(places);
  else removePlaces(places);
}
