import { expect, test } from 'vitest';
import { placesOf } from './places.ts';

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
    expect(path.startsWith('/tmp/chosen/dev')).toBe(true);
  }
});
