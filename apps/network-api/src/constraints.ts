import { mapConstraint, type Problem } from '@patchpanel/service-kit';
import { problem } from './problems.ts';

/**
 * The problem of each database constraint that a caller can run into. Checks before them give better words; under a race
 * the constraint speaks.
 */
const problemOf: Readonly<Record<string, (cause: Error) => Problem>> = {
  subnets_no_overlap: (cause) =>
    problem(
      'subnet-overlap',
      'Another subnet of the network has some of these addresses. Choose another CIDR.',
      {
        cause,
      },
    ),
  subnets_network: (cause) =>
    problem('network-in-use', 'The network has subnets. Delete them first.', { cause }),
  ports_network: (cause) => problem('network-in-use', 'The network has ports. Delete them first.', { cause }),
  port_addresses_address: (cause) =>
    problem('address-in-use', 'Another port has the address. Choose another one.', { cause }),
  port_addresses_subnet: (cause) =>
    problem('subnet-in-use', 'Ports have addresses of the subnet. Delete them first.', { cause }),
  resting_addresses_subnet: (cause) =>
    problem('subnet-in-use', 'Released addresses of the subnet still rest. Try again later.', { cause }),
  attachments_port_exists: (cause) =>
    problem('port-in-use', 'A vNIC is plugged into the port. Unplug it first.', { cause }),
  attachments_port: (cause) =>
    problem('port-already-plugged', 'Another vNIC is plugged into the port. Unplug it first.', { cause }),
  attachments_vnic: (cause) =>
    problem('vnic-already-plugged', 'The vNIC is plugged into another port. Unplug it there first.', {
      cause,
    }),
  attachments_mac_address: (cause) =>
    problem('mac-address-in-use', 'Another vNIC in the network has the MAC address.', { cause }),
  port_security_groups_group: (cause) =>
    problem('security-group-in-use', 'Ports are in the security group. Take them out of it first.', {
      cause,
    }),
  security_group_rules_remote: (cause) =>
    problem(
      'security-group-in-use',
      'Rules of other security groups name the group as remote. Delete them first.',
      { cause },
    ),
};

/** Runs statements and turns a violated constraint into its problem. The transaction is aborted by then. */
export function withConstraints<T>(work: () => PromiseLike<T>): Promise<T> {
  return mapConstraint(problemOf, work);
}
