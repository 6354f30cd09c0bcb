import { x } from 'tinyexec';

/** Runs a program of the host as root; fails when it fails. */
export async function hostRun(program: string, args: readonly string[], stdin?: string): Promise<string> {
  const options = { nodePath: false, timeout: 10_000 } as const;
  const result = await x(program, args, stdin === undefined ? options : { ...options, stdin });
  if (result.exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** Removes what an agent instance may have left, by the kernel's own commands and not by the code under test. */
export async function cleanUpInstance(instance: string): Promise<void> {
  const links = JSON.parse(await hostRun('ip', ['-j', '-d', 'link', 'show'])) as {
    ifname?: string;
    ifalias?: string;
  }[];
  for (const { ifname, ifalias } of links) {
    if (ifname === undefined || ifalias?.startsWith(`patchpanel:${instance}:`) !== true) continue;
    await hostRun('ip', ['-force', '-batch', '-'], `link del dev ${ifname}\n`).catch(() => undefined);
  }
  const table = `patchpanel_${instance.replaceAll('-', '_')}`;
  for (const family of ['netdev', 'bridge']) {
    await hostRun('nft', ['-f', '-'], `add table ${family} ${table}\ndelete table ${family} ${table}\n`);
  }
}

/** What the kernel still has of an instance: names of links and tables. */
export async function tracesOf(instance: string): Promise<readonly string[]> {
  const links = JSON.parse(await hostRun('ip', ['-j', '-d', 'link', 'show'])) as {
    ifname?: string;
    ifalias?: string;
  }[];
  const tables = await hostRun('nft', ['list', 'tables']);
  return [
    ...links.flatMap(({ ifname, ifalias }) =>
      ifname !== undefined && ifalias?.startsWith(`patchpanel:${instance}:`) === true ? [ifname] : [],
    ),
    ...tables.split('\n').filter((line) => line.endsWith(` patchpanel_${instance.replaceAll('-', '_')}`)),
  ];
}
