import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { mintTokens } from '@patchpanel/service-kit/testing';
import { requestText } from '../load/connection.ts';
import { buildOwn, buildShipped, packageFolder, shippedBundle } from '../machine/build.ts';
import { planLogSettings } from '../machine/plans.ts';
import { startPostgres, type Postgres } from '../machine/postgres.ts';
import { startProgram, type Program } from '../machine/program.ts';
import type { Bench } from '../subject.ts';
import { Api } from './api.ts';

const tokenSeconds = 12 * 60 * 60;
const mostPerProject = '1000000000';

/** All that is measured, running: PostgreSQL, the service on it, and the floor. */
export interface Stage {
  readonly bench: Bench;
  readonly postgres: Postgres;
  readonly databaseUrl: string;
  readonly service: Program;
  readonly floor: Program;
  readonly projectId: string;
  /** The service, as the user of the project calls it. */
  readonly api: Api;
  /** A request of that user as text. */
  readonly request: (method: string, path: string, body?: unknown) => string;
  /** Another replica on the same database. */
  startReplica(name: string, databaseUrl?: string): Promise<Program>;
  /** Somebody of another project. */
  readonly userOf: (projectId: string, url: string) => Promise<Api>;
}

/** Builds and starts everything. What was started ends with the bench. */
export async function openStage(bench: Bench): Promise<Stage> {
  bench.progress('building network-api, the provider simulated and the floor');
  buildShipped(['network-api', 'providers/simulated']);
  const floorProgram = await buildOwn('network-floor', 'tools/bench/src/network/floor.ts');
  bench.signal.throwIfAborted();

  bench.progress('starting PostgreSQL (fsync on), network-api and the floor');
  const postgres = await startPostgres(
    join(bench.folder, 'postgres'),
    planLogSettings(join(bench.folder, 'postgres', 'log')),
  );
  bench.atEnd(() => postgres.stop());
  const databaseUrl = await postgres.createDatabase('network');
  const issuer = await mintTokens('https://issuer.bench');
  const jwksFile = join(bench.folder, 'jwks.json');
  writeFileSync(jwksFile, JSON.stringify(issuer.jwks));
  const common = {
    PATCHPANEL_JWKS_FILE: jwksFile,
    PATCHPANEL_ISSUER: issuer.issuer,
    PATCHPANEL_DOCS_ASSETS: packageFolder('swagger-ui-dist'),
  };
  const launch = async (name: string, program: string, env: Readonly<Record<string, string>>) => {
    const started = await startProgram({
      name,
      program,
      env: { ...common, ...env },
      folder: bench.folder,
      nodeOptions: bench.options.nodeOptions,
      profileFolder: bench.options.profileFolder,
    });
    bench.atEnd(() => started.stop());
    return started;
  };
  const startReplica = (name: string, url = databaseUrl) =>
    launch(name, shippedBundle('network-api/main'), {
      DATABASE_URL: url,
      PATCHPANEL_LISTEN: '127.0.0.1:0',
      PATCHPANEL_SOUTHBOUND_LISTEN: '127.0.0.1:0',
      PATCHPANEL_PROVIDERS: JSON.stringify([shippedBundle('providers/simulated/server')]),
      // A bench makes more than a project usually may. It is counted all the same.
      PATCHPANEL_QUOTA_NETWORKS: mostPerProject,
      PATCHPANEL_QUOTA_SUBNETS: mostPerProject,
      PATCHPANEL_QUOTA_PORTS: mostPerProject,
    });
  const service = await startReplica('network-api');
  const floor = await launch('floor', floorProgram, {});

  const projectId = randomUUID();
  const tokenOf = (project: string) =>
    issuer.userToken({
      projectId: project,
      audience: 'network',
      roles: ['member'],
      expiresInSeconds: tokenSeconds,
    });
  const userOf = async (project: string, url: string) => new Api(url, await tokenOf(project));
  const api = await userOf(projectId, service.url);
  return {
    bench,
    postgres,
    databaseUrl,
    service,
    floor,
    projectId,
    api,
    request: (method, path, body) => requestText({ method, path, token: api.token }, body),
    startReplica,
    userOf,
  };
}
