import { Patchpanel } from '@patchpanel/sdk';

/** The SDK, told by the environment where the services are and who asks: `npm start` writes such a file. */
export function connect(): Patchpanel {
  return new Patchpanel({
    network: { url: need('PATCHPANEL_NETWORK_URL'), token: need('PATCHPANEL_NETWORK_TOKEN') },
    compute: { url: need('PATCHPANEL_COMPUTE_URL'), token: need('PATCHPANEL_COMPUTE_TOKEN') },
  });
}

function need(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set: run npm start and source the file of variables that it names`);
  }
  return value;
}
