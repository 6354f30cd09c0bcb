/** A program of its own for tests: migrates the database of DATABASE_URL as services do with `--migrate`. */
import { migrateAndExit, silentLogger } from '../index.ts';
import { fixtureMigrations } from './fixture-api.ts';

await migrateAndExit(
  { databaseUrl: process.env['DATABASE_URL'] ?? '', poolSize: 2 },
  { migrations: fixtureMigrations, logger: silentLogger() },
);
