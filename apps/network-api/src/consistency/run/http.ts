import { Agent, request as httpRequest } from 'node:http';
import type { Answer } from '../history/history.ts';

/** How one try went: answered, never sent, or sent and then nothing more was heard of it. */
export type Try = { readonly answer: Answer } | { readonly failed: 'unsent' | 'lost' };

export interface Message {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const answerSeconds = 60;

/** Sends requests over kept-alive connections, each once: it never repeats one by itself, so a try is a try. */
export class Wire {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  send({ method, url, token, body, headers }: Message): Promise<Try> {
    const { promise, resolve } = Promise.withResolvers<Try>();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const request = httpRequest(url, {
      method,
      agent: this.#agent,
      timeout: answerSeconds * 1000,
      headers: {
        authorization: `Bearer ${token}`,
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        ...headers,
      },
    });
    const lose = (error?: Error) =>
      resolve({ failed: error && 'code' in error && error.code === 'ECONNREFUSED' ? 'unsent' : 'lost' });
    request.on('error', lose);
    request.on('timeout', () => request.destroy());
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => lose());
      response.on('close', () => lose());
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          answer: { status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) },
        });
      });
    });
    request.end(payload);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
