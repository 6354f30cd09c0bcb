import { z } from 'zod';
import type { Device, WiringProblemCode, WiringStatus, VnicKey } from '@patchpanel/contract-agent';
import type { Binding, DesiredAttachment } from '@patchpanel/contract-network-southbound';

const device = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('namespace'),
    pid: z.int(),
    startTime: z.string(),
    interfaceName: z.string(),
  }),
  z.object({ kind: z.literal('tap'), ownerUid: z.int() }),
  z.object({ kind: z.literal('none') }),
]);

const fence = { epoch: z.int(), generation: z.int() };

const attachment = z.object({
  projectId: z.string(),
  vnicId: z.string(),
  portId: z.string(),
  networkId: z.string(),
  macAddress: z.string(),
  ...fence,
  adminState: z.enum(['up', 'down']),
  fixedIps: z.array(
    z.object({
      ipAddress: z.string(),
      prefixLength: z.int(),
      gatewayIp: z.string().exactOptional(),
    }),
  ),
  provider: z.string(),
  wiring: z.object({ version: z.int(), document: z.record(z.string(), z.json()) }),
  revision: z.int(),
});

const problem = z.object({
  code: z.enum([
    'attachment-not-found',
    'mac-mismatch',
    'bound-elsewhere',
    'stale-generation',
    'stale-placement',
    'device-refused',
    'device-missing',
    'provider-unavailable',
    'network-service-unavailable',
    'wiring-failed',
  ]),
  detail: z.string(),
});

/** What compute asked last for the vNIC, by the highest placement that was seen. */
const order = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ensure'), placement: z.int(), macAddress: z.string(), device }),
  z.object({ kind: z.literal('remove'), placement: z.int() }),
]);

/** The binding by which this host realises the vNIC's attachment, as last heard from the network service. */
const hold = z.object({
  bindingId: z.string(),
  /** The placement that it was claimed for. */
  placement: z.int(),
  revision: z.int(),
  attachment,
  /** What the network service believes of it. */
  reported: z.enum(['building', 'active', 'error']),
  /** What this agent told it last, besides the status. */
  told: z.object({ statusReason: z.string().exactOptional(), deviceName: z.string().exactOptional() }),
});

/** What may be in the kernel: noted before the provider is called, forgotten when it has confirmed the removal. */
const wired = z.object({
  provider: z.string(),
  identity: z.object({
    projectId: z.string(),
    vnicId: z.string(),
    portId: z.string(),
    networkId: z.string(),
    ...fence,
    placement: z.int(),
  }),
  /** What a restored network service must know of it. Absent where it was only found in the kernel. */
  macAddress: z.string().exactOptional(),
  ipAddresses: z.array(z.string()).exactOptional(),
});

/**
 * The network service's database was restored to a moment before what is held here, or lost here, came about: it knows nothing of
 * it (`told` is absent) or tells of something older. What is wired stays until the vNIC is plugged anew.
 */
const stranded = z.object({
  /** The epoch in which the service was found to know less. */
  epoch: z.int(),
  told: z
    .object({
      bindingId: z.string(),
      placement: z.int(),
      attachment,
      /** The service has been told why this is not realised. */
      isAnswered: z.literal(true).exactOptional(),
    })
    .exactOptional(),
});

/** The journal's record of one vNIC: all that the agent must not forget, and nothing secret. */
export const wiringRecord = z.object({
  format: z.literal(1),
  projectId: z.string(),
  vnicId: z.string(),
  order,
  hold: hold.exactOptional(),
  /** Bindings to release once nothing of them is in the kernel. */
  toRelease: z.array(z.object({ bindingId: z.string(), placement: z.int() })),
  /** The newest attachment that was ever realised here: what is older is refused. */
  newest: z.object(fence).exactOptional(),
  /** The binding was lost (unplugged, released by force) though compute still asks for the wiring. */
  isLost: z.literal(true).exactOptional(),
  stranded: stranded.exactOptional(),
  wired: wired.exactOptional(),
  status: z.enum(['wiring', 'active', 'error', 'removed']),
  problem: problem.exactOptional(),
  deviceName: z.string().exactOptional(),
  mtu: z.int().exactOptional(),
  /** Which revision of the attachment was proven; what is held may be a newer one. */
  provenRevision: z.int().exactOptional(),
  /** When the record last changed; only decides when a record of something removed is forgotten. */
  changedAt: z.string(),
});

export type WiringRecord = z.infer<typeof wiringRecord>;
export type Hold = z.infer<typeof hold>;
export type Order = z.infer<typeof order>;
export type Attachment = z.infer<typeof attachment>;
export type Stranded = z.infer<typeof stranded>;

/** A binding as the network service sends it, checked: unknown fields are dropped, wrong ones refused. */
const binding = z.object({
  id: z.string(),
  projectId: z.string(),
  vnicId: z.string(),
  ...fence,
  placement: z.int(),
  desired: z.enum(['present', 'absent']),
  attachment: attachment.exactOptional(),
  status: z.enum(['building', 'active', 'error']),
  revision: z.int(),
});

export type KnownBinding = z.infer<typeof binding>;

/** Throws when the network service sent something that is no binding. */
export function readBinding(sent: Binding): KnownBinding {
  const known = binding.parse(sent);
  if (known.desired === 'present' && known.attachment === undefined) {
    throw new Error(`binding ${known.id} is to be present, but says not what`);
  }
  return known.attachment === undefined
    ? known
    : {
        ...known,
        attachment: { ...known.attachment, macAddress: known.attachment.macAddress.toLowerCase() },
      };
}

/** Throws when the network service sent something that is no attachment. */
export function readAttachment(sent: DesiredAttachment): Attachment {
  return attachment.parse(sent);
}

/** The hold of a binding that is to be present. */
export function holdOf(known: KnownBinding, present: Attachment): Hold {
  return {
    bindingId: known.id,
    placement: known.placement,
    revision: known.revision,
    attachment: present,
    reported: known.status,
    told: {},
  };
}

/** A record of a vNIC that nothing is known of but what is asked now. */
export function newRecord(key: VnicKey, asked: Order): WiringRecord {
  return {
    format: 1,
    projectId: key.projectId,
    vnicId: key.vnicId,
    order: asked,
    toRelease: [],
    status: asked.kind === 'ensure' ? 'wiring' : 'removed',
    changedAt: '',
  };
}

/** True when only the fence is left of a record. */
export function isTombstone(record: WiringRecord): boolean {
  return (
    record.order.kind === 'remove' &&
    record.hold === undefined &&
    record.wired === undefined &&
    record.toRelease.length === 0
  );
}

/** The record with another state; what the state doesn't name (problem, device name, MTU, what was proven) is dropped. */
export function withState(
  record: WiringRecord,
  state: {
    readonly status: WiringStatus;
    readonly problem?: { readonly code: WiringProblemCode; readonly detail: string };
    readonly deviceName?: string | undefined;
    readonly mtu?: number | undefined;
    readonly provenRevision?: number | undefined;
  },
): WiringRecord {
  const { problem: _problem, deviceName: _deviceName, mtu: _mtu, provenRevision: _proven, ...rest } = record;
  return {
    ...rest,
    status: state.status,
    ...(state.problem === undefined ? {} : { problem: { ...state.problem } }),
    ...(state.deviceName === undefined ? {} : { deviceName: state.deviceName }),
    ...(state.mtu === undefined ? {} : { mtu: state.mtu }),
    ...(state.provenRevision === undefined ? {} : { provenRevision: state.provenRevision }),
  };
}

/** The record without a hold; its binding is noted to be released. */
export function withoutHold(record: WiringRecord): WiringRecord {
  const { hold: held, ...rest } = record;
  if (held === undefined) return record;
  return withRelease(rest, { bindingId: held.bindingId, placement: held.placement });
}

/** The record with one more binding to release. */
export function withRelease(
  record: WiringRecord,
  release: { readonly bindingId: string; readonly placement: number },
): WiringRecord {
  const others = record.toRelease.filter(({ bindingId }) => bindingId !== release.bindingId);
  return { ...record, toRelease: [...others, { ...release }] };
}

/** The record with a hold; a binding that it replaces is noted to be released. */
export function withHold(record: WiringRecord, held: Hold): WiringRecord {
  const replaced: boolean = record.hold !== undefined && record.hold.bindingId !== held.bindingId;
  const { isLost: _isLost, stranded: _stranded, ...base } = replaced ? withoutHold(record) : record;
  const { epoch, generation } = held.attachment;
  return {
    ...base,
    hold: replaced || record.hold === undefined ? held : { ...held, told: record.hold.told },
    newest: { epoch, generation },
    toRelease: base.toRelease.filter(({ bindingId }) => bindingId !== held.bindingId),
  };
}

/** Whether two attachments ask for the same wiring, whatever numbers they bear. */
export function isSameContent(one: Attachment, other: Attachment): boolean {
  return contentOf(one) === contentOf(other);
}

function contentOf(whole: Attachment): string {
  const { epoch: _epoch, generation: _generation, revision: _revision, ...content } = whole;
  return JSON.stringify(content);
}

/** Whether two holds are of the same attachment with the same content. */
export function isSameAttachment(one: Hold, other: Hold): boolean {
  return JSON.stringify(one.attachment) === JSON.stringify(other.attachment);
}

/** The record without anything in the kernel. */
export function withoutWired(record: WiringRecord): WiringRecord {
  const { wired: _wired, ...rest } = record;
  return rest;
}

/** The agent API's device as compared: same place, or not. */
export function isSameDevice(left: Device, right: Device): boolean {
  return JSON.stringify(deviceWords(left)) === JSON.stringify(deviceWords(right));
}

function deviceWords(one: Device): readonly (string | number)[] {
  switch (one.kind) {
    case 'namespace':
      return [one.kind, one.pid, one.startTime, one.interfaceName];
    case 'tap':
      return [one.kind, one.ownerUid];
    case 'none':
      return [one.kind];
  }
}

export function keyText({ projectId, vnicId }: VnicKey): string {
  return `${projectId}/${vnicId}`;
}

const hopeful: ReadonlySet<WiringProblemCode> = new Set<WiringProblemCode>([
  'attachment-not-found',
  'provider-unavailable',
  'network-service-unavailable',
  'wiring-failed',
]);

/** What the agent tries again by itself; the rest waits for compute or the network service to say something new. */
export function isHopeful({ code }: { readonly code: WiringProblemCode }): boolean {
  return hopeful.has(code);
}
