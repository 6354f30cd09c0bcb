import type { Answer, Call, HistoryEvent } from '../history/history.ts';
import type { Model } from '../model/model.ts';
import type { Dice } from './dice.ts';
import type { Knowledge } from './knowledge.ts';

/** Who makes a call: users of a project (an operator is one with the role `admin`), or the agent of a host. */
export type Role = 'user' | 'operator' | 'agent';

/** A client of the service. */
export interface Actor {
  readonly name: string;
  readonly role: Role;
  /** Of users and operators. */
  readonly projectId: string | undefined;
  /** Of agents. */
  readonly host: string | undefined;
}

/** How an ask is put to the service. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  readonly ifMatch?: string | undefined;
}

/** An event that a write must come with; what the caller can't know of it is left out. */
export interface ExpectedEvent {
  readonly resourceType: string;
  readonly resourceId?: string | undefined;
  /** Whose event it is, where several projects are told of one resource. */
  readonly projectId?: string | undefined;
  readonly revision: number;
  readonly change: 'created' | 'updated' | 'deleted';
}

/**
 * What one correct service does with a call in a given state: refuse it, with any one of these codes, or do it. The answer is
 * one of these statuses, `check` says what is wrong with its body, and `apply` brings the model to the state afterwards.
 */
export type Verdict =
  | { readonly kind: 'refused'; readonly codes: readonly string[] }
  | {
      readonly kind: 'done';
      readonly statuses: readonly number[];
      /** None: the call changes nothing. */
      readonly events: readonly ExpectedEvent[];
      readonly check?: ((answer: Answer) => string | undefined) | undefined;
      /** Given the events that were found, in the order of `events`. */
      readonly apply?: ((found: readonly HistoryEvent[]) => void) | undefined;
    };

/** Something that clients do: how to draw it, how to ask for it, what must come of it, and what they learn from it. */
export interface OperationOf<Ask> {
  readonly name: string;
  readonly role: Role;
  /** How often it is drawn, in proportion to the others of its role. */
  readonly weight: number;
  /** Sent with an idempotency key, and repeated with it until there is an answer. */
  readonly isKeyed?: boolean;
  /** Changes nothing: judged by its answer alone. */
  readonly isRead?: boolean;
  /** Draws something to ask for; undefined when the client knows of nothing to do it with. */
  readonly draw: (dice: Dice, known: Knowledge, actor: Actor) => Ask | undefined;
  /** All that an actor of the role can ask for of what is known, to be asked once everything else is over. */
  readonly drawAll?: (known: Knowledge, actor: Actor) => readonly Ask[];
  readonly request: (ask: Ask) => Request;
  readonly judge: (model: Model, ask: Ask, call: Call) => Verdict;
  readonly learn?: (known: Knowledge, ask: Ask, answer: Answer, call: Call) => void;
  /** For calls that repeat an earlier one: that call's name and key are sent. */
  readonly repeats?: (ask: Ask) => { readonly operation: string; readonly key: string };
}

/** An operation of which only itself knows what it asks for. */
export type Operation = OperationOf<unknown>;

/** Closes an operation over the type of what it asks for. */
export function operation<Ask>(definition: OperationOf<Ask>): Operation {
  // An ask that an operation gets back is one that its own `draw` has made: calls name their operation.
  return definition as unknown as Operation;
}

/** A refusal, unless there is no reason for one. */
export function refusedFor(codes: readonly (string | false | undefined)[]): Verdict | undefined {
  const reasons = codes.filter((code): code is string => typeof code === 'string');
  return reasons.length > 0 ? { kind: 'refused', codes: reasons } : undefined;
}

export const refused = (...codes: string[]): Verdict => ({ kind: 'refused', codes });
