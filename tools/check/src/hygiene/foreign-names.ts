import type { TrackedFile } from './tracked.ts';

const self = 'tools/check/src/hygiene/foreign-names.ts';

const bans: readonly { pattern: RegExp; reason: string; in?: RegExp }[] = [
  {
    pattern: /(?<![\w.])\/(?:work|home\/\w+|Users\/\w+|root)\/[\w.-]+/,
    reason: 'names a path of one machine: use one relative to the file or the checkout',
  },
  {
    pattern: /"resolved":\s*"(?!file:|apps\/|libs\/|tools\/)/,
    reason: 'names a registry: leave `omit-lockfile-registry-resolved=true` in .npmrc and install again',
    in: /(^|\/)package-lock\.json$/,
  },
  {
    pattern: /\b(?:https?:)?\/\/(?:registry\.[\w.-]+|[\w.-]*(?:artifactory|nexus|verdaccio|jfrog)[\w.-]*)/i,
    reason: 'names a package registry: which one to use is the business of the machine',
  },
  { pattern: /^[ \t]*(?:@[\w-]+:)?registry\s*=/m, reason: 'sets a registry', in: /(^|\/)\.npmrc$/ },
];

/** Paths of somebody's machine and hosts of package registries, neither of which means anything elsewhere. */
export function findForeignNames(files: readonly TrackedFile[]): string[] {
  return files
    .filter(({ path }) => path !== self)
    .flatMap(({ path, text }) =>
      bans
        .filter((ban) => ban.in?.test(path) ?? true)
        .flatMap(({ pattern, reason }) => {
          const match = pattern.exec(text);
          if (match === null) return [];
          const line = text.slice(0, match.index).split('\n').length;
          return [`${path}:${line} ${reason} (${match[0].trim()})`];
        }),
    );
}
