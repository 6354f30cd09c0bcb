import type { Entry } from './entries.ts';

interface Ban {
  readonly bundles: RegExp;
  readonly files: RegExp;
  readonly reason: string;
}

/** What must not end up in a bundle: the laws once more, on what is really shipped. */
const bans: readonly Ban[] = [
  {
    bundles: /^(?!network-agent\/)/,
    files: /^libs\/agent\/core\//,
    reason: 'only the network agent holds network credentials (law 3)',
  },
  {
    bundles: /^compute-(api|host)\//,
    files:
      /^(apps\/network-|libs\/(providers?|sdk)\/|libs\/contract\/network(-southbound)?\/|openapi\/dist\/network)/,
    reason: 'compute knows nothing of the network service or its providers (laws 1 and 2)',
  },
  {
    bundles: /^network-api\//,
    files:
      /^(apps\/(compute-|network-agent)|libs\/(providers|sdk|agent)\/|libs\/contract\/(compute|agent)|openapi\/dist\/(compute|agent))/,
    reason: 'the network service knows nothing of compute, agents or single providers (laws 1 and 4)',
  },
  {
    bundles: /^network-agent\//,
    files:
      /^(apps\/(compute-|network-api)|libs\/(providers|sdk)\/|libs\/contract\/compute|openapi\/dist\/compute)/,
    reason: 'the agent knows nothing of compute or single providers (law 4)',
  },
  {
    bundles: /^providers\//,
    files: /^(apps\/|libs\/(sdk|agent|service-kit)\/|libs\/contract\/compute|openapi\/dist\/compute)/,
    reason: 'a provider builds on the provider SPI alone, and neither half knows anything of compute (law 4)',
  },
  {
    bundles: /^(?!dev\/)/,
    files: /^tools\//,
    reason: 'a program that ships holds no development tools',
  },
];

/** One line for each file in a bundle that must not be there. `inputs` are paths relative to the checkout. */
export function findForbiddenInputs(entry: Entry, inputs: readonly string[]): string[] {
  return bans
    .filter(({ bundles }) => bundles.test(entry.name))
    .flatMap(({ files, reason }) =>
      inputs
        .filter((input) => files.test(input))
        .map((input) => `${entry.output} contains ${input}: ${reason}`),
    );
}
