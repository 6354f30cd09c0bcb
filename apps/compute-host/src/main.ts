import { RemoteNetworkAgent } from '@patchpanel/agent-api';
import { createLifetime, createLogger, loadConfigOrExit, lockFolder } from '@patchpanel/service-kit';
import { RemoteComputeService } from './compute-service.ts';
import { configSchema } from './config.ts';
import { followAssignments, sendHeartbeats } from './follower.ts';
import { openDriver } from './open-driver.ts';
import { pause } from './pause.ts';
import { Reconciler } from './reconciler.ts';
import { TokenFile } from './token-file.ts';

const config = loadConfigOrExit(configSchema, { program: 'compute-host' });
const log = createLogger({ name: 'compute-host', level: config.logLevel });
const lifetime = createLifetime(log);
const { stopping } = lifetime;
const retry = { initialMs: 200, mostMs: 10_000 };

lifetime.onStop('state folder', lockFolder(config.stateDir));
const driver = await openDriver(config, log);
for (const problem of (await driver.probe()).problems)
  log.error(problem, 'this host can not run machines as it is');

const agent = new RemoteNetworkAgent({ socketPath: config.agentSocket });
const token = new TokenFile(config.tokenFile);
const compute = new RemoteComputeService({ url: config.computeUrl, accessToken: () => token.read() });

const reconciler = new Reconciler({
  driver,
  agent,
  compute,
  log,
  stopGraceSeconds: config.stopGraceSeconds,
  parallel: config.parallel,
  retry,
  signal: stopping,
});

const following = {
  compute,
  reconciler,
  registration: { driver: driver.name, instanceCapacity: config.instanceCapacity },
  log,
  waitSeconds: 30,
  retry,
  onFollowing: () => log.info({ host: config.hostName }, 'following'),
};

async function lookAroundNowAndThen(): Promise<void> {
  for (;;) {
    await pause(config.lookAroundSeconds * 1000, stopping);
    if (stopping.aborted) return;
    await reconciler.lookAround();
  }
}

const loops = [
  followAssignments(following, stopping),
  sendHeartbeats(following, stopping),
  lookAroundNowAndThen(),
];
lifetime.onStop('work', async () => {
  await driver.close();
  agent.close();
  await Promise.all([...loops, reconciler.settled()]);
});
