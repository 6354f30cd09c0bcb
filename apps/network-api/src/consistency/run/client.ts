import { randomUUID } from 'node:crypto';
import type { Answer, Call, Recorder } from '../history/history.ts';
import type { Dice } from '../operations/dice.ts';
import type { Knowledge } from '../operations/knowledge.ts';
import type { Actor, Operation } from '../operations/operation.ts';
import type { Wire } from './http.ts';
import type { Address, Replicas } from './replicas.ts';

export interface Surroundings {
  readonly replicas: Pick<Replicas, 'choose'>;
  readonly wire: Wire;
  readonly recorder: Recorder;
  readonly known: Knowledge;
}

/** Tries of one call: a service that is up answers long before. */
const triesAtMost = 200;

/**
 * A correct client of the service. What has no answer it asks for again: with the same idempotency key where it sent one, and
 * otherwise anew, which is safe because the rest of the operations mean the same when repeated.
 */
export class Client {
  readonly actor: Actor;
  /** The longest that a try has taken so far, in milliseconds. */
  slowest = 0;
  readonly #token: string;
  readonly #around: Surroundings;

  constructor(actor: Actor, token: string, around: Surroundings) {
    this.actor = actor;
    this.#token = token;
    this.#around = around;
  }

  /** Does the operation, and repeats it until there is an answer; false when there is nothing to do it with. */
  async perform(operation: Operation, dice: Dice): Promise<boolean> {
    const ask = operation.draw(dice, this.#around.known, this.actor);
    if (ask === undefined) return false;
    await this.#carryOut(operation, ask, dice);
    return true;
  }

  /** Does it with all that is known. */
  async performAll(operation: Operation, dice: Dice): Promise<void> {
    const asks = operation.drawAll?.(this.#around.known, this.actor) ?? [];
    for (const ask of asks) await this.#carryOut(operation, ask, dice);
  }

  async #carryOut(operation: Operation, ask: unknown, dice: Dice): Promise<void> {
    const { known } = this.#around;
    const { call, answer } = await this.#ask(operation, ask, dice);
    operation.learn?.(known, ask, answer, call);
    if (operation.isKeyed && call.key !== undefined && answer.status < 300) {
      const { projectId, key, id: callId } = call;
      known.keyed.push({
        operation: operation.name,
        projectId,
        key,
        ask,
        callId,
        status: answer.status,
        body: answer.body,
      });
    }
  }

  async #ask(operation: Operation, ask: unknown, dice: Dice): Promise<{ call: Call; answer: Answer }> {
    const { replicas, recorder } = this.#around;
    const key = operation.repeats?.(ask).key ?? (operation.isKeyed === true ? randomUUID() : undefined);
    let call = this.#begin(operation, ask, key);
    for (let tries = 1; tries <= triesAtMost; tries++) {
      const address = await replicas.choose(dice.below(2));
      const triedAt = performance.now();
      const outcome = await this.#try(operation, ask, key, address);
      const milliseconds = Math.round(performance.now() - triedAt);
      // The answer that the service could not work just now leaves open whether it did.
      const isOpen = 'failed' in outcome || outcome.answer.status === 503;
      call.tries.push(
        `${address.replica}: ${'failed' in outcome ? outcome.failed : String(outcome.answer.status)} in ${milliseconds} ms`,
      );
      this.slowest = Math.max(this.slowest, milliseconds);
      if (!isOpen) {
        recorder.end(call, outcome.answer);
        return { call, answer: outcome.answer };
      }
      if ('failed' in outcome && outcome.failed === 'unsent') continue;
      if (key !== undefined) continue;
      if (operation.isRead === true) recorder.forget(call);
      call = this.#begin(operation, ask, key);
    }
    throw new Error(`call ${call.id} (${call.request}) had no answer in ${triesAtMost} tries`);
  }

  #begin(operation: Operation, ask: unknown, key: string | undefined): Call {
    const { name, projectId, host } = this.actor;
    const { method, path, body, ifMatch } = operation.request(ask);
    const words = [method, path, ifMatch && `if-match ${ifMatch}`, body && JSON.stringify(body)];
    return this.#around.recorder.begin({
      client: name,
      projectId,
      host,
      operation: operation.name,
      ask,
      key,
      request: words.filter((word) => word !== undefined).join(' '),
    });
  }

  #try(operation: Operation, ask: unknown, key: string | undefined, address: Address) {
    const { method, path, body, ifMatch } = operation.request(ask);
    const base = this.actor.role === 'agent' ? address.southbound : address.public;
    return this.#around.wire.send({
      method,
      url: `${base}${path}`,
      token: this.#token,
      body,
      headers: {
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      },
    });
  }
}
