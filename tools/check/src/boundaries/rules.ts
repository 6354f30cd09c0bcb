/**
 * Who may import whom, by the tags in each project's package.json (`nx.tags`). The direction is
 * apps → libs → contract; `notDependOnLibsWithTags` follows every path, `onlyDependOnLibsWithTags` the direct one.
 * `breaches.ts` breaks each of these on purpose to prove that they bite.
 */
/** nx does not resolve an app by its package's name, as apps export nothing: this closes that side door. */
export const noAppImports = {
  regex: '^@patchpanel/(network-api|compute-api|network-agent|compute-host)(/|$)',
  message: 'An app is a process, nobody imports it: what is shared belongs in a library.',
};

/** Law 1 for the bundled documents: a program reads those of its own side alone. */
export const foreignDocuments = [
  {
    files: ['apps/compute-*/**/*.ts', 'libs/sdk/compute/**/*.ts'],
    regex: 'openapi/dist/network',
    message: 'Compute knows nothing of the network service (law 1): read the documents of compute.',
  },
  {
    files: ['apps/network-*/**/*.ts', 'libs/sdk/network/**/*.ts', 'libs/agent/**/*.ts'],
    regex: 'openapi/dist/compute',
    message:
      'The network service and its agents know nothing of compute (law 1): read the documents of network.',
  },
];

const credentialed = ['credential', 'type:agent-core'];

export const boundaries = {
  // The bundled documents belong to no project (patterns here are regular expressions); see `foreignDocuments`.
  allow: ['^(\\.\\./)+openapi/dist/[a-z-]+\\.json$'],
  enforceBuildableLibDependency: false,
  // Loading a project both lazily and eagerly is a matter of start-up time, not of laws.
  checkDynamicDependenciesExceptions: ['.*'],
  depConstraints: [
    // Direction.
    { sourceTag: 'type:contract', onlyDependOnLibsWithTags: [] },
    { sourceTag: 'type:kit', onlyDependOnLibsWithTags: ['type:contract'] },
    { sourceTag: 'type:sdk', onlyDependOnLibsWithTags: ['type:sdk', 'type:contract'] },
    { sourceTag: 'type:spi', onlyDependOnLibsWithTags: ['type:contract'] },
    { sourceTag: 'type:provider', onlyDependOnLibsWithTags: ['type:spi', 'type:contract'] },
    { sourceTag: 'type:agent-api', onlyDependOnLibsWithTags: ['type:contract'] },
    {
      sourceTag: 'type:agent-core',
      onlyDependOnLibsWithTags: ['type:agent-api', 'type:spi', 'type:contract'],
    },
    {
      sourceTag: 'type:app',
      onlyDependOnLibsWithTags: [
        'type:kit',
        'type:contract',
        'type:spi',
        'type:agent-api',
        'type:agent-core',
      ],
    },
    {
      sourceTag: 'type:tool',
      onlyDependOnLibsWithTags: [
        'type:sdk',
        'type:kit',
        'type:contract',
        'type:spi',
        'type:provider',
        'type:agent-api',
        'type:tool',
      ],
    },

    // Law 1, no calls across: neither service reaches the other's code or wire types.
    {
      sourceTag: 'scope:compute',
      notDependOnLibsWithTags: [
        ...credentialed,
        'scope:network',
        'scope:agent',
        'type:provider',
        'type:spi',
        'speaks:network',
        'speaks:network-southbound',
      ],
    },
    {
      sourceTag: 'scope:network',
      notDependOnLibsWithTags: [
        ...credentialed,
        'scope:compute',
        'scope:agent',
        'type:provider',
        'type:agent-api',
        'speaks:compute',
        'speaks:compute-southbound',
        'speaks:agent',
      ],
    },
    // Law 4, a provider is both ends: neither half, nor the agent, knows anything of compute.
    {
      sourceTag: 'scope:provider',
      notDependOnLibsWithTags: [
        ...credentialed,
        'scope:compute',
        'speaks:compute',
        'speaks:compute-southbound',
      ],
    },
    {
      sourceTag: 'scope:agent',
      notDependOnLibsWithTags: [
        'scope:compute',
        'scope:network',
        'type:provider',
        'type:sdk',
        'speaks:compute',
        'speaks:compute-southbound',
      ],
    },
    // Law 3, one holder of credentials: what users and servers share never reaches it.
    { sourceTag: 'scope:shared', notDependOnLibsWithTags: credentialed },
    {
      sourceTag: 'type:sdk',
      notDependOnLibsWithTags: [
        ...credentialed,
        'speaks:network-southbound',
        'speaks:compute-southbound',
        'speaks:agent',
      ],
    },
    { sourceTag: 'scope:user', notDependOnLibsWithTags: credentialed },
  ],
};
