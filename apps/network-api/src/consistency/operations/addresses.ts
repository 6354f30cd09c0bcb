import { formatIp, storedCidr } from '../../addresses/ip.ts';
import type { Dice } from './dice.ts';

/** One of the first sixteen addresses of a subnet, whether it can be had or not. */
export function drawAddress(
  dice: Dice,
  subnets: readonly { readonly id: string; readonly cidr: string }[],
): string | undefined {
  const subnet = dice.pick(subnets);
  if (!subnet) return undefined;
  const { version, first } = storedCidr(subnet.cidr);
  return formatIp(version, first + BigInt(dice.below(16)));
}
