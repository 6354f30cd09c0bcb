import { relative } from 'node:path';
import type { Stack } from '../stack.ts';
import { addressesOf, type Story } from './four-steps.ts';

/** What to look at and to try while everything is up; each line can be copied to a shell in the checkout. */
export async function nextSteps(stack: Stack, { network, machines }: Story): Promise<string[]> {
  const environment = shorten(stack.places.userEnvironment);
  const lines = [
    '',
    'Everything is up. Ctrl-C removes it.',
    '',
    `  network service   ${stack.networkUrl}/docs`,
    `  compute service   ${stack.computeUrl}/docs`,
    `  project           ${stack.user.projectId}`,
    `  network token     ${stack.user.networkToken}`,
    `  compute token     ${stack.user.computeToken}`,
    `  logs              ${shorten(stack.places.logs)}`,
    '',
    'Try next, in another shell:',
    '',
    '  # URLs and tokens as variables',
    `  . ${environment}`,
    '',
    '  # what is plugged in where',
    '  curl -s -H "Authorization: Bearer $PATCHPANEL_NETWORK_TOKEN" $PATCHPANEL_NETWORK_URL/v1/ports',
    '',
    '  # a third machine on the same network',
    `  npx node examples/third-machine.ts ${network.id}`,
  ];
  if (stack.mode.isReal) {
    const [one, two] = machines;
    const pid = await stack.machine(one.instance.id);
    lines.push(
      '',
      '  # from inside a machine',
      ...addressesOf(two.port).map((address) => `  nsenter --target ${pid} --net ping -c 3 ${address}`),
      `  nsenter --target ${pid} --net ip addr`,
    );
  }
  return [...lines, ''];
}

function shorten(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
