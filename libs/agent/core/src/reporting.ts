import type { BindingReport } from '@patchpanel/contract-network-southbound';
import type { Hold, WiringRecord } from './record.ts';

/**
 * What the network service is to be told of a held binding, or undefined when it knows already: `active` for what was
 * proven, with its revision, so that the service sees when that is not what it wants any more; `error` with the reason for what failed. What is under way is not worth a report.
 */
export function pendingReport({
  hold,
  order,
  status,
  problem,
  deviceName,
  provenRevision,
}: WiringRecord): BindingReport | undefined {
  if (hold === undefined || order.kind !== 'ensure') return undefined;
  if (status !== 'active' && status !== 'error') return undefined;
  const { generation, epoch } = hold.attachment;
  const told: Hold['told'] = {
    ...(status === 'error' && problem !== undefined
      ? { statusReason: `${problem.code}: ${problem.detail}`.slice(0, 1000) }
      : {}),
    ...(deviceName === undefined ? {} : { deviceName }),
  };
  const isKnown =
    hold.reported === status &&
    hold.told.statusReason === told.statusReason &&
    hold.told.deviceName === told.deviceName;
  if (isKnown) return undefined;
  const isProof = status === 'active' && provenRevision !== undefined;
  return { status, generation, epoch, ...(isProof ? { revision: provenRevision } : {}), ...told };
}

/** The hold after the report was taken. */
export function withTold(hold: Hold, { status, statusReason, deviceName }: BindingReport): Hold {
  return {
    ...hold,
    reported: status,
    told: {
      ...(statusReason === undefined ? {} : { statusReason }),
      ...(deviceName === undefined ? {} : { deviceName }),
    },
  };
}
