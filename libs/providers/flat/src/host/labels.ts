import type { WiringIdentity } from '@patchpanel/provider';

/** What the `alias` of one of our links says. */
export type Label =
  | { readonly kind: 'network'; readonly instance: string; readonly networkId: string }
  | { readonly kind: 'vnic'; readonly instance: string; readonly identity: WiringIdentity };

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const networkForm = new RegExp(`^patchpanel:([a-z0-9-]+):network:(${uuid})$`);
const vnicForm = new RegExp(
  `^patchpanel:([a-z0-9-]+):vnic:(${uuid}):(${uuid}):(${uuid}):(${uuid}):(\\d+)\\.(\\d+)\\.(\\d+)$`,
);

/** The label of a network's bridge. */
export function networkLabel(instance: string, networkId: string): string {
  return `patchpanel:${instance}:network:${networkId}`;
}

/**
 * The label of a vNIC's host end: it names the whole wiring with its fence, so that the kernel is the only state.
 * At most 239 characters of the 255 that an alias may have.
 */
export function vnicLabel(instance: string, identity: WiringIdentity): string {
  const { vnicId, projectId, portId, networkId, epoch, generation, placement } = identity;
  const ids = [vnicId, projectId, portId, networkId].join(':');
  return `patchpanel:${instance}:vnic:${ids}:${epoch}.${generation}.${placement}`;
}

/** Reads a label; undefined when it is none of ours. */
export function parseLabel(alias: string | undefined): Label | undefined {
  if (alias === undefined) return undefined;
  const [, networkInstance, networkId] = networkForm.exec(alias) ?? [];
  if (networkInstance !== undefined && networkId !== undefined) {
    return { kind: 'network', instance: networkInstance, networkId };
  }
  const [, instance, ...parts] = vnicForm.exec(alias) ?? [];
  const [vnicId, projectId, portId, ofNetwork, epoch, generation, placement] = parts;
  if (
    instance === undefined ||
    vnicId === undefined ||
    projectId === undefined ||
    portId === undefined ||
    ofNetwork === undefined
  ) {
    return undefined;
  }
  const fence = { epoch: Number(epoch), generation: Number(generation), placement: Number(placement) };
  return { kind: 'vnic', instance, identity: { projectId, vnicId, portId, networkId: ofNetwork, ...fence } };
}
