import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseMode } from './mode.ts';
import { claimState, placesOf, placesOfOnceRuns, removePlaces } from './places.ts';
import { Stack } from './stack.ts';

let chosen: string;
beforeEach(() => {
  chosen = mkdtempSync(join(tmpdir(), 'patchpanel-places-'));
});
afterEach(() => rmSync(chosen, { recursive: true, force: true }));

test('two data folders have two instances, whose names fit what the kernel takes', () => {
  const [one, two] = [placesOf('dev', '/tmp/one'), placesOf('dev', '/tmp/two')];
  expect(one.instance).not.toBe(two.instance);
  expect(placesOf('once-0123abcd', '/tmp/one').instance).toMatch(/^[a-z0-9-]{1,24}$/);
  expect(placesOf('dev-simulated', '/tmp/one').instance).toMatch(/^[a-z0-9-]{1,24}$/);
});

test('everything of a chosen data folder is in a folder of our own below it, which alone is ever removed', () => {
  const places = placesOf('dev', '/tmp/chosen');
  for (const path of [
    places.state,
    places.run,
    places.identity,
    places.agentSocket,
    places.tokenOf('network-agent'),
  ]) {
    expect(path.startsWith('/tmp/chosen/patchpanel/dev')).toBe(true);
  }
});

test('a folder with our name that somebody else has made is refused, and nothing in it is touched', async () => {
  const mode = await chooseMode({ simulated: true });
  const places = placesOf('dev-simulated', chosen);
  for (const folder of ['run', 'programs', 'logs']) {
    mkdirSync(join(places.state, folder), { recursive: true });
    writeFileSync(join(places.state, folder, 'mine'), 'precious');
  }
  for (const keepState of [true, false]) {
    await expect(Stack.start({ mode, places, dist: '/nonexistent', keepState })).rejects.toThrow(
      `${places.state} is none of Patchpanel's making`,
    );
  }
  expect(readdirSync(places.state).sort()).toEqual(['logs', 'programs', 'run']);
  expect(readFileSync(join(places.state, 'run', 'mine'), 'utf8')).toBe('precious');
});

test('what the user keeps in the data folder stays, whatever it is called', () => {
  for (const folder of ['run', 'dev/run', 'dev-simulated/programs']) {
    mkdirSync(join(chosen, folder), { recursive: true });
  }
  const places = placesOf('dev', chosen);
  claimState(places);
  claimState(places);
  removePlaces(places);
  expect(readdirSync(chosen, { recursive: true }).sort()).toEqual([
    'dev',
    'dev-simulated',
    'dev-simulated/programs',
    'dev/run',
    'run',
  ]);
});

test('runs with --once are found by their folders, if those are of our making', () => {
  claimState(placesOf('once-0123abcd', chosen));
  claimState(placesOf('dev', chosen));
  mkdirSync(join(chosen, 'patchpanel', 'once-4567cdef'));
  const found = placesOfOnceRuns(placesOf('once-89abcdef', chosen), chosen);
  expect(found.map(({ state }) => state)).toEqual([join(chosen, 'patchpanel', 'once-0123abcd')]);
  expect(placesOfOnceRuns(placesOf('dev', join(chosen, 'none')), join(chosen, 'none'))).toEqual([]);
});
