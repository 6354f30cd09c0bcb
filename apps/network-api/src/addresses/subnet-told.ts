import { contains, formatCidr, formatIp, parseCidr, parseIp, type Cidr } from './ip.ts';
import type { HostRoute, PlanIssue } from './subnet-change.ts';
import { describeUsable, isUsable, unreachableBlock } from './usable.ts';

/** What was read, in canonical form, and what is wrong with it. */
interface Reading<T> {
  readonly values: readonly T[];
  readonly issues: readonly PlanIssue[];
}

/** Reads the resolvers that machines are told of: addresses of the subnet's IP version that a host can have, each once. */
export function readDnsServers(input: readonly string[], { version }: Cidr): Reading<string> {
  return readEach(input, (text, index, earlier: readonly string[]) => {
    const pointer = `/dnsServers/${index}`;
    const parsed = parseIp(text);
    if (!parsed.isValid) return { pointer, detail: parsed.reason };
    const { value } = parsed.value;
    if (parsed.value.version !== version) return { pointer, detail: `must be an IPv${version} address` };
    const block = unreachableBlock({ version, first: value, last: value });
    if (block !== undefined) return { pointer, detail: `must not be in ${block}` };
    const server = formatIp(version, value);
    return earlier.includes(server) ? { pointer, detail: `must not repeat ${server}` } : { value: server };
  });
}

/**
 * Reads the routes that machines are told of: to prefixes of the subnet's IP version beyond the subnet, by way of its own
 * addresses, one each. The default route is the gateway's.
 */
export function readHostRoutes(input: readonly HostRoute[], cidr: Cidr): Reading<HostRoute> {
  return readEach(input, (route, index, earlier: readonly HostRoute[]) => {
    const pointer = `/hostRoutes/${index}`;
    const destination = readDestination(route.destination, cidr);
    if ('detail' in destination) return { pointer: `${pointer}/destination`, detail: destination.detail };
    const nextHop = parseIp(route.nextHop);
    if (!nextHop.isValid) return { pointer: `${pointer}/nextHop`, detail: nextHop.reason };
    if (!isUsable(cidr, nextHop.value)) {
      return { pointer: `${pointer}/nextHop`, detail: `must be ${describeUsable(cidr)}` };
    }
    if (earlier.some((other) => other.destination === destination.value)) {
      return { pointer: `${pointer}/destination`, detail: `must not repeat ${destination.value}` };
    }
    const value = { destination: destination.value, nextHop: formatIp(cidr.version, nextHop.value.value) };
    return { value };
  });
}

function readDestination(text: string, cidr: Cidr): { readonly value: string } | { readonly detail: string } {
  const parsed = parseCidr(text);
  if (!parsed.isValid) return { detail: parsed.reason };
  const destination = parsed.value;
  if (destination.version !== cidr.version) return { detail: `must be an IPv${cidr.version} prefix` };
  if (destination.prefixLength === 0) {
    return { detail: 'must not be the default route, which leads to the gateway: set gatewayIp' };
  }
  const block = unreachableBlock(destination);
  if (block !== undefined) return { detail: `must not be in ${block}` };
  const isInside = [destination.first, destination.last].every((value) =>
    contains(cidr, { version: cidr.version, value }),
  );
  if (isInside) return { detail: `must not lie in the subnet, whose addresses are reached without a route` };
  return { value: formatCidr(destination) };
}

function readEach<Said, T>(
  input: readonly Said[],
  read: (said: Said, index: number, earlier: readonly T[]) => { readonly value: T } | PlanIssue,
): Reading<T> {
  const values: T[] = [];
  const issues: PlanIssue[] = [];
  for (const [index, said] of input.entries()) {
    const result = read(said, index, values);
    if ('detail' in result) issues.push(result);
    else values.push(result.value);
  }
  return { values, issues };
}
