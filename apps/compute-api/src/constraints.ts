import type { Problem } from '@patchpanel/service-kit';
import { problem } from './problems.ts';

/** What a caller is told when the database refuses a write: each constraint that a caller can violate, and its problem. */
export const constraintProblems = {
  vnics_mac_address_unique: (cause: Error): Problem =>
    problem(
      'mac-address-in-use',
      'Another vNIC has this MAC address. Choose another one, or leave macAddress out to be given a free one.',
      { errors: [{ pointer: '/macAddress', detail: 'is in use' }], cause },
    ),
};
