import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.ts';

/** One bundle: a program, or one half of a provider. Paths are relative to the checkout. */
export interface Entry {
  /** Also its place in `dist/`: `network-api/main`, `providers/flat/host`. */
  readonly name: string;
  readonly source: string;
  readonly output: string;
}

const apps = ['network-api', 'compute-api', 'network-agent', 'compute-host'];

/** Every bundle that a Patchpanel consists of. */
export function entries(): Entry[] {
  return [
    ...apps.map((app) => entry(`${app}/main`, `apps/${app}/src/main.ts`)),
    ...providers().flatMap((provider) =>
      ['server', 'host'].map((half) =>
        entry(`providers/${provider}/${half}`, `libs/providers/${provider}/src/${half}.ts`),
      ),
    ),
    entry('dev/main', 'tools/dev/src/main.ts'),
  ];
}

function providers(): string[] {
  const folder = join(root, 'libs/providers');
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .sort();
}

function entry(name: string, source: string): Entry {
  return { name, source, output: `dist/${name}.mjs` };
}
