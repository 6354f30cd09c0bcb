import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';

const writtenSeconds = 10;

/** Begins each entry of the server's log: nothing in a plan does. */
export const logPrefix = '@ ';
const logFile = 'plans.log';

/** A statement as PostgreSQL ran it. */
export interface ExecutedStatement {
  readonly text: string;
  /** Pages that it touched: found in the cache or read. */
  readonly buffers: number;
  readonly milliseconds: number;
}

/** Server settings for a log that holds nothing but the plans that sessions ask for, in a file of its own. */
export function planLogSettings(logFolder: string): Record<string, string> {
  return {
    logging_collector: 'on',
    log_directory: logFolder,
    log_filename: logFile,
    log_line_prefix: logPrefix,
  };
}

/**
 * A database's URL for sessions whose every statement is explained, analysed and logged with its buffers by PostgreSQL
 * itself as it runs (auto_explain): the very SQL with the very parameters, whatever the service sends.
 */
export function explained(databaseUrl: string): string {
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_buffers': 'on',
    'auto_explain.log_format': 'json',
    'auto_explain.log_nested_statements': 'on',
    log_min_messages: 'log',
  };
  const url = new URL(databaseUrl);
  url.searchParams.set(
    'options',
    Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  );
  return url.href;
}

/** Runs work and gives what the explained sessions executed meanwhile. `client` is a connection of the bench's own. */
export async function captureStatements(
  client: pg.Client,
  logFolder: string,
  work: () => Promise<unknown>,
): Promise<ExecutedStatement[]> {
  const file = join(logFolder, logFile);
  const begin = `bench: plans from here ${performance.now()}`;
  const end = `bench: plans up to here ${performance.now()}`;
  await mark(client, begin);
  await work();
  // The service's sessions logged before they answered, so before this.
  await mark(client, end);
  const deadline = performance.now() + writtenSeconds * 1000;
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const to = text.indexOf(end);
    if (to >= 0) return readPlans(text.slice(text.indexOf(begin), to));
    if (performance.now() > deadline)
      throw new Error(`PostgreSQL logged no plans within ${writtenSeconds} s`);
    await pause(20);
  }
}

async function mark(client: pg.Client, text: string): Promise<void> {
  await client.query(`set log_min_messages = 'log'`);
  await client.query(`do $$ begin raise log ${client.escapeLiteral(text)}; end $$`);
}

/** Reads the entries of auto_explain in JSON from a server's log. */
export function readPlans(log: string): ExecutedStatement[] {
  return log
    .split(`\n${logPrefix}`)
    .map((entry) => /^(?:@ )?LOG:\s+duration: ([\d.]+) ms\s+plan:\n([^]*)$/.exec(entry))
    .filter((match) => match !== null)
    .map(([, milliseconds, json = '']) => {
      const parsed: unknown = JSON.parse(json);
      return { ...readPlan(parsed), milliseconds: Number(milliseconds) };
    });
}

function readPlan(entry: unknown): { readonly text: string; readonly buffers: number } {
  if (typeof entry !== 'object' || entry === null || !('Plan' in entry))
    throw new Error('a plan without a plan');
  const { Plan: plan } = entry;
  const text = 'Query Text' in entry ? String(entry['Query Text']) : '';
  if (typeof plan !== 'object' || plan === null) throw new Error('a plan without a plan');
  const blocks = (name: string) => Number(name in plan ? Reflect.get(plan, name) : 0);
  return { text, buffers: blocks('Shared Hit Blocks') + blocks('Shared Read Blocks') };
}
