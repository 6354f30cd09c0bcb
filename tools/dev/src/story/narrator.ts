import type { RequestEvent, RequestHooks, ResponseEvent } from '@patchpanel/sdk';
import { type Progress, progressOn } from '../progress.ts';

/** Tells what happens, line by line. */
export interface Narrator {
  heading(text: string): void;
  line(text?: string): void;
  /** A claim and whether it held; one that did not makes the whole story fail. */
  claim(text: string, holds: boolean, detail?: string): void;
  readonly failures: readonly string[];
  /** Says what is waited for once that takes over a second. */
  readonly waiting: Progress;
  /** For the SDK: shows each request that changes something, what it sent, and what came back. */
  readonly hooks: RequestHooks;
}

/** What of an answer tells the story; the rest is ids of owners, times and revisions. */
const telling = [
  'id',
  'name',
  'provider',
  'cidr',
  'gatewayIp',
  'portId',
  'vnicId',
  'macAddress',
  'fixedIps',
  'vnicIds',
  'status',
];

/** Tells it on a stream, in colour where that is a terminal. */
export function narrateOn(out: NodeJS.WriteStream): Narrator {
  const failures: string[] = [];
  const paint = (code: number, text: string) => (out.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text = ''): void => {
    out.write(`${text}\n`);
  };
  return {
    failures,
    line,
    waiting: progressOn(out, { quick: false }),
    heading: (text) => line(`\n${paint(1, text)}`),
    claim(text, holds, detail = '') {
      if (!holds) failures.push(text);
      const mark = holds ? paint(32, '✓') : paint(31, '✗');
      line(`  ${mark} ${text}${detail === '' ? '' : paint(2, `  ${detail}`)}`);
    },
    hooks: {
      onResponse(event) {
        if (event.request.method === 'GET') return;
        line(`  ${paint(36, requestLine(event.request))}`);
        line(`    ${answerLine(event)}`);
      },
    },
  };
}

function requestLine({ method, url, body }: RequestEvent): string {
  const { pathname } = new URL(url);
  return `${method} ${pathname}${body === undefined ? '' : `  ${JSON.stringify(body)}`}`;
}

function answerLine({ status, durationMs, body, error }: ResponseEvent): string {
  const time = `${durationMs.toFixed(0)} ms`;
  if (error !== undefined) return `✗ ${error.message}  ${time}`;
  return `${status ?? ''} in ${time}  ${body === undefined ? '' : JSON.stringify(essence(body))}`.trimEnd();
}

/** The telling parts of an answer; of a list, of each of its items. */
export function essence(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return undefined;
  const fields = body as Record<string, unknown>;
  if (Array.isArray(fields['items'])) return fields['items'].map(essence);
  return Object.fromEntries(
    telling.flatMap((name) => {
      const value = fields[name];
      if (value === undefined || value === '') return [];
      return [[name, name === 'fixedIps' && Array.isArray(value) ? value.map(addressOf) : value]];
    }),
  );
}

function addressOf(fixedIp: unknown): unknown {
  return typeof fixedIp === 'object' && fixedIp !== null && 'ipAddress' in fixedIp
    ? fixedIp.ipAddress
    : fixedIp;
}
