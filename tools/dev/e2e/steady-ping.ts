import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { PingResult } from '../src/proof/machines.ts';

/** Pings twenty times a second while something else happens, for a second at least, and says what came back. */
export async function pingWhile(
  pid: number,
  address: string,
  work: () => Promise<unknown>,
): Promise<PingResult> {
  const args = ['--target', String(pid), '--net', 'ping', '-n', '-q', '-i', '0.05', '-W', '1', address];
  const ping = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  ping.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => ping.once('close', resolve));
  try {
    await Promise.all([work(), pause(1_000)]);
  } finally {
    ping.kill('SIGINT');
    await ended;
  }
  const counts = /(\d+) packets transmitted, (\d+) received/.exec(output);
  if (counts === null) throw new Error(`ping said: ${output}`);
  return { sent: Number(counts[1]), received: Number(counts[2]), averageMs: undefined };
}
