import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './root.ts';

/** What a step leaves behind for the table, also when nx restores it from its cache. */
export interface StepResult {
  readonly run: string;
  readonly isPassed: boolean;
  readonly milliseconds: number;
  readonly output: string;
}

export function writeResult(name: string, result: StepResult): void {
  mkdirSync(dirname(fileOf(name)), { recursive: true });
  writeFileSync(fileOf(name), JSON.stringify(result));
}

export function forgetResult(name: string): void {
  rmSync(fileOf(name), { force: true });
}

export function readResult(name: string): StepResult | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as StepResult;
  } catch {
    return undefined; // never written, or cut short: either way the step has no result
  }
}

function fileOf(name: string): string {
  return join(root, '.cache', 'check', `${name}.json`);
}
