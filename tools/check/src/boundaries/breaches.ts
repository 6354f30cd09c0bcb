import type { ProjectGraph } from '@nx/devkit';
import type { ESLint } from 'eslint';
import { join } from 'node:path';
import { root } from '../root.ts';

interface Import {
  readonly from: string;
  readonly of: string;
  /** A dependency that the project graph is made to believe in meanwhile: [from, to]. */
  readonly given?: readonly [string, string];
}

/** Imports that break a law: the rule must refuse each. */
const breaches: readonly Import[] = [
  // Law 1, no calls across.
  { from: 'apps/network-api', of: '@patchpanel/compute-api/src/app.ts' },
  { from: 'apps/network-api', of: '@patchpanel/sdk-compute' },
  { from: 'apps/network-api', of: '@patchpanel/contract-compute' },
  { from: 'apps/network-api', of: '@patchpanel/agent-api' },
  { from: 'apps/compute-api', of: '../../../apps/network-api/src/app.ts' },
  { from: 'apps/compute-api', of: '@patchpanel/sdk-network' },
  { from: 'apps/compute-api', of: '@patchpanel/sdk' },
  { from: 'apps/compute-api', of: '@patchpanel/contract-network' },
  { from: 'apps/compute-host', of: '@patchpanel/contract-network-southbound' },
  { from: 'apps/compute-api', of: '../../../openapi/dist/network.json' },
  { from: 'apps/network-api', of: '../../../openapi/dist/compute-southbound.json' },
  // Laws 2 and 3, one door and one holder of credentials.
  { from: 'apps/compute-host', of: '@patchpanel/agent-core' },
  { from: 'apps/compute-host', of: '../../../libs/agent/core/src/index.ts' },
  { from: 'apps/compute-host', of: '../../network-agent/src/app.ts' },
  {
    from: 'apps/compute-host',
    of: '@patchpanel/agent-api',
    given: ['@patchpanel/agent-api', '@patchpanel/agent-core'],
  },
  {
    from: 'apps/compute-api',
    of: '@patchpanel/service-kit',
    given: ['@patchpanel/service-kit', '@patchpanel/contract-network'],
  },
  { from: 'libs/sdk/network', of: '@patchpanel/agent-core' },
  { from: 'libs/sdk/core', of: '@patchpanel/contract-network-southbound' },
  { from: 'libs/service-kit', of: '@patchpanel/agent-core' },
  { from: 'tools/dev', of: '@patchpanel/agent-core' },
  // Law 4, a provider is both ends and nobody's dependency.
  { from: 'apps/network-api', of: '@patchpanel/provider-flat/server' },
  { from: 'apps/network-agent', of: '@patchpanel/provider-flat/host' },
  { from: 'apps/compute-host', of: '@patchpanel/provider-flat/host' },
  { from: 'libs/agent/core', of: '@patchpanel/provider-flat/host' },
  { from: 'libs/providers/flat', of: '@patchpanel/contract-compute' },
  // Direction.
  { from: 'libs/contract/network', of: '@patchpanel/service-kit' },
  { from: 'libs/service-kit', of: '../../../apps/network-api/src/app.ts' },
  { from: 'libs/provider', of: '@patchpanel/provider-flat/server' },
];

/** The paths that are meant to be open: the rule must let each pass. */
const allowed: readonly Import[] = [
  { from: 'apps/compute-host', of: '@patchpanel/agent-api' },
  { from: 'apps/compute-host', of: '@patchpanel/contract-agent' },
  { from: 'apps/compute-api', of: '@patchpanel/contract-compute-southbound' },
  { from: 'apps/compute-api', of: '../../../openapi/dist/compute.json' },
  { from: 'apps/network-api', of: '@patchpanel/provider' },
  { from: 'apps/network-api', of: '@patchpanel/service-kit' },
  { from: 'apps/network-agent', of: '@patchpanel/agent-core' },
  { from: 'libs/agent/core', of: '@patchpanel/contract-network-southbound' },
  { from: 'libs/providers/flat', of: '@patchpanel/provider' },
  { from: 'libs/sdk/patchpanel', of: '@patchpanel/sdk-network' },
  { from: 'tools/dev', of: '@patchpanel/sdk' },
];

/** One line for each breach that the rule lets pass and each allowed import that it refuses. */
export async function findUnprovenLaws(eslint: ESLint): Promise<string[]> {
  const problems: string[] = [];
  for (const breach of breaches) {
    if ((await refusals(eslint, breach)) === 0)
      problems.push(`the boundary rule lets ${describe(breach)} pass`);
  }
  for (const path of allowed) {
    if ((await refusals(eslint, path)) > 0) problems.push(`the boundary rule refuses ${describe(path)}`);
  }
  return problems;
}

async function refusals(eslint: ESLint, attempt: Import): Promise<number> {
  const undo = attempt.given === undefined ? undefined : addDependency(...attempt.given);
  try {
    const [result] = await eslint.lintText(`import * as it from '${attempt.of}';\nvoid it;\n`, {
      filePath: join(root, attempt.from, 'src/breach.ts'),
    });
    const messages = result?.messages ?? [];
    const unreadable = messages.find(({ fatal }) => fatal);
    if (unreadable !== undefined) throw new Error(`linting ${describe(attempt)}: ${unreadable.message}`);
    return messages.length;
  } finally {
    undo?.();
  }
}

/** Has the rule believe in one more dependency; the result takes the belief away again. */
function addDependency(source: string, target: string): () => void {
  const held = globalThis as { projectGraph?: ProjectGraph };
  const graph = held.projectGraph;
  const before = graph?.dependencies[source];
  if (graph === undefined || before === undefined)
    throw new Error(`the boundary rule knows no project ${source}`);
  // A new object: the rule remembers who reaches whom by the graph's identity.
  held.projectGraph = {
    ...graph,
    dependencies: { ...graph.dependencies, [source]: [...before, { source, target, type: 'static' }] },
  };
  return () => (held.projectGraph = graph);
}

function describe({ from, of, given }: Import): string {
  return `${from} importing ${of}` + (given === undefined ? '' : ` while ${given[0]} depends on ${given[1]}`);
}
