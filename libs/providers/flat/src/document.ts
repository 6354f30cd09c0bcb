import { z } from 'zod';

/** Version of the document by which flat's server half instructs its host half. */
export const documentVersion = 1;

/** MTU of a network that names none. */
export const defaultMtu = 1500;

/** Version 1 of the document: everything else that the host half needs is in the attachment. */
export const wiringDocument = z.strictObject({
  /** Of the network, in bytes. */
  mtu: z.int().min(68).max(65535),
});
