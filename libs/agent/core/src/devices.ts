import { readFileSync } from 'node:fs';
import type { Device } from '@patchpanel/contract-agent';
import type { Device as ProviderDevice } from '@patchpanel/provider';

/** Tells whether the place that a device names is gone for good. */
export interface Devices {
  /** True only when it is certain: a namespace whose process has ended. */
  isGone(device: Device): boolean;
}

/** Looks at this machine's processes. */
export function localDevices(procFolder = '/proc'): Devices {
  return {
    isGone: (device) =>
      device.kind === 'namespace' && startTimeOf(procFolder, device.pid) !== device.startTime,
  };
}

/** The device in the words of the provider SPI. */
export function toProviderDevice(device: Device): ProviderDevice {
  switch (device.kind) {
    case 'namespace': {
      const { kind, pid, startTime, interfaceName } = device;
      return { kind, pid, startTime: Number(startTime), interfaceName };
    }
    case 'tap':
      return { kind: device.kind, ownerUid: device.ownerUid };
    case 'none':
      return { kind: device.kind };
  }
}

/** Field 22 of /proc/<pid>/stat (proc(5)); undefined when no such process runs. */
function startTimeOf(procFolder: string, pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`${procFolder}/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // no such process, or it ended while we looked
  }
  // The command name is in parentheses and may hold anything: field 3, the state, follows the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
