import { createInterface } from 'node:readline';
import { ProviderError, type HostContext, type HostProvider } from '@patchpanel/provider';
import { createHostProvider } from '../host.ts';
import type { AgentRequest, AgentResponse } from './agent.ts';

/** A process that lends its user and capabilities to host halves: one JSON request per line in, one response per line out. */
const providers = new Map<string, HostProvider>();

createInterface({ input: process.stdin }).on('line', (line) => void answer(JSON.parse(line) as AgentRequest));

async function answer(request: AgentRequest): Promise<void> {
  const response = await call(request).then(
    (result): AgentResponse => ({ id: request.id, result: result ?? null }),
    (error: unknown): AgentResponse => ({ id: request.id, error: describe(error) }),
  );
  process.stdout.write(`${JSON.stringify(response)}\n`);
}

async function call({ context, fresh, call: [method, ...args], aborted }: AgentRequest): Promise<unknown> {
  const provider =
    (fresh ? undefined : providers.get(context.instance)) ?? createHostProvider(withLogger(context));
  providers.set(context.instance, provider);
  const signal = aborted ? AbortSignal.abort() : new AbortController().signal;
  // The caller's types are those of HostProvider; JSON in between keeps them.
  const methods = provider as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return methods[method]?.(...args, signal);
}

function withLogger(context: Omit<HostContext, 'logger'>): HostContext {
  const ignore = () => undefined;
  return { ...context, logger: { debug: ignore, info: ignore, warn: ignore, error: ignore } };
}

function describe(error: unknown): NonNullable<AgentResponse['error']> {
  if (error instanceof ProviderError) {
    return { code: error.code, message: error.message, differences: error.differences };
  }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
