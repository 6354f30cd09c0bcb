import { instanceForm } from '@patchpanel/provider';

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The bridge of a network. */
export function bridgeName(networkId: string): string {
  return `ppn${tailOf(networkId)}`;
}

/** The host's end of a vNIC's wire. It follows the vNIC, not the port, so that a vNIC plugged elsewhere is rewired in place. */
export function hostEndName(vnicId: string): string {
  return `ppv${tailOf(vnicId)}`;
}

/** The nft table of an agent instance, the same in each family. */
export function tableName(instance: string): string {
  if (!instanceForm.test(instance)) {
    throw new RangeError(`the instance name "${instance}" must match ${String(instanceForm)}`);
  }
  // No instance name has an underscore, so no two instances get the same table.
  return `patchpanel_${instance.replaceAll('-', '_')}`;
}

/** Chain of what a machine sends. */
export function sendingChain(hostEnd: string): string {
  return `from_${hostEnd}`;
}

/** Chain of what a machine is sent. */
export function receivingChain(hostEnd: string): string {
  return `to_${hostEnd}`;
}

/** The host end that a chain of ours is about. */
export function hostEndOfChain(chain: string): string | undefined {
  return /^(?:from|to)_(ppv[0-9a-f]{12})$/.exec(chain)?.[1];
}

/** The route metric of a link inside a machine, so that several links can each have a default route: eth0 comes first. */
export function routeMetric(interfaceName: string): number {
  return 100 + Number(/([0-9]{1,3})$/.exec(interfaceName)?.[1] ?? 0);
}

/**
 * The last 48 bits, which are random in a UUIDv7. With three letters before them they fill the 15 characters that a link's
 * name may have; the label on the link tells two ids with the same tail apart.
 */
function tailOf(id: string): string {
  if (!uuidForm.test(id)) throw new RangeError(`"${id}" is not a UUID in lower case`);
  return id.slice(-12);
}
