import type { NetworkContext, PortContext, ServerProvider, SubnetContext } from '../server.ts';

/** A network with a subnet and a port in it. */
export interface ServerSample {
  readonly network: NetworkContext;
  readonly subnet: SubnetContext;
  readonly port: PortContext;
}

/** Where a provider with a lifecycle realises its networks, looked at and broken behind its back. */
export interface EngineSubject {
  /** Ids of the networks of which anything is there. */
  networks(): Promise<readonly string[]>;
  /** All that is there of a network, in any form in which equal states are deeply equal. */
  inspect(networkId: string): Promise<unknown>;
  /** Makes the engine fail from now on, as it would in real life. */
  breakDown(): Promise<void>;
  /** Ends that. */
  mend(): Promise<void>;
}

/** A server half with all that the kit needs to try it. Made anew for each case. */
export interface ServerSubject {
  readonly provider: ServerProvider;
  /** Samples that the provider must accept; of two networks at least if it has a lifecycle. */
  readonly valid: readonly ServerSample[];
  /** Samples of which it must refuse at least one part; may be empty for a provider that accepts everything. */
  readonly invalid: readonly ServerSample[];
  /** Where its networks are realised; must be given for a provider with a lifecycle. */
  readonly engine?: EngineSubject;
  /** Removes everything, whatever state the case left. */
  dispose?(): Promise<void>;
}

/** One thing that every server half must do. */
export interface ServerCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Throws when the subject doesn't do so. */
  run(subject: ServerSubject): void | Promise<void>;
}

/** Makes what the kit hands out unchangeable: a provider that writes to it is caught. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
