import type { Knex } from 'knex';
import { commonProblem, type UserCaller } from '@patchpanel/service-kit';
import { problem } from '../problems.ts';
import { lockVnics } from '../vnics/store.ts';

/** Throws `invalid-request` when a vNIC is named twice: it has one slot. */
export function refuseRepeatedVnics(vnicIds: readonly string[]): void {
  const errors = vnicIds.flatMap((id, index) =>
    vnicIds.indexOf(id) < index
      ? [{ pointer: `/vnicIds/${index}`, detail: `is the same as /vnicIds/${vnicIds.indexOf(id)}` }]
      : [],
  );
  if (errors.length === 0) return;
  throw commonProblem('invalid-request', 'Correct the request: name each vNIC once.', { errors });
}

/**
 * Locks the caller's vNICs for an instance to take. Throws `vnic-not-found` when the project lacks any of them (whether
 * it is another project's or nobody's), `vnic-in-use` when an instance has one.
 */
export async function lockFreeVnics(
  trx: Knex.Transaction,
  caller: UserCaller,
  vnicIds: readonly string[],
): Promise<void> {
  const rows = await lockVnics(trx, caller.projectId, vnicIds);
  const found = new Map(rows.map((row) => [row.id, row]));
  const missing = locate(vnicIds, (id) => (found.has(id) ? undefined : `the project has no vNIC ${id}`));
  if (missing.length > 0) {
    throw problem('vnic-not-found', 'Name vNICs that your project has.', { errors: missing });
  }
  const inUse = locate(vnicIds, (id) => {
    const instanceId = found.get(id)?.instance_id ?? null;
    return instanceId === null ? undefined : `vNIC ${id} belongs to instance ${instanceId}`;
  });
  if (inUse.length > 0) {
    throw problem(
      'vnic-in-use',
      'Name vNICs that are in no instance, or delete the instances that have them.',
      {
        errors: inUse,
      },
    );
  }
}

function locate(
  vnicIds: readonly string[],
  findFault: (id: string) => string | undefined,
): { pointer: string; detail: string }[] {
  return vnicIds.flatMap((id, index) => {
    const detail = findFault(id);
    return detail === undefined ? [] : [{ pointer: `/vnicIds/${index}`, detail }];
  });
}
