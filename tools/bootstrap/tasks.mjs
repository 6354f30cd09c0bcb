const kernelCommands = ['ip', 'nft', 'ping', 'unshare', 'setpriv', 'nsenter'];

/** Each task: the system commands that it wants, and what to run, step by step. The last step gets the arguments. */
export const tasks = {
  start: {
    commands: kernelCommands,
    steps: [['tools/build/src/main.ts'], ['--enable-source-maps', 'dist/dev/main.mjs']],
  },
  test: { commands: [...kernelCommands, 'initdb'], steps: [['tools/test/src/main.ts']] },
  check: { commands: [], steps: [['tools/check/src/main.ts']] },
  generate: { commands: [], steps: [['tools/generate/src/main.ts', 'generate']] },
  build: { commands: [], steps: [['tools/build/src/main.ts']] },
  bench: { commands: ['setpriv', 'initdb'], steps: [['tools/bench/src/main.ts']] },
  format: {
    commands: [],
    steps: [['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level=warn', '.']],
  },
};
