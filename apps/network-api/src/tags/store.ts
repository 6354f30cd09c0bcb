import type { Knex } from 'knex';
import { queryRows } from '../rows.ts';

/** What can have tags. */
export type TaggedKind = 'network' | 'subnet' | 'port' | 'security-group';

/** Tags as they are kept and given back: in ascending order, each once. */
export function normaliseTags(tags: readonly string[] | undefined): string[] {
  return [...new Set(tags)].toSorted();
}

/**
 * Makes new resources found by their tags. They stand in the resources' rows, too, whose locks guard both. Without tags it costs
 * nothing.
 */
export async function writeTags(
  trx: Knex,
  kind: TaggedKind,
  projectId: string,
  rows: readonly { readonly id: string; readonly tags: readonly string[] }[],
): Promise<void> {
  const tagged = rows.flatMap(({ id, tags }) => tags.map((tag) => ({ id, tag })));
  if (tagged.length === 0) return;
  await queryRows(
    trx,
    `insert into tagged_resources (kind, project_id, tag, resource_id)
     select :kind, :projectId, tagged.tag, tagged.id
     from unnest(cast(:tags as text[]), cast(:ids as uuid[])) as tagged(tag, id)`,
    { kind, projectId, tags: tagged.map(({ tag }) => tag), ids: tagged.map(({ id }) => id) },
  );
}

/** The same for a resource of which the tags change. Served by the primary key. */
export async function changeTags(
  trx: Knex,
  kind: TaggedKind,
  projectId: string,
  id: string,
  { before, after }: { readonly before: readonly string[]; readonly after: readonly string[] },
): Promise<void> {
  const gone = before.filter((tag) => !after.includes(tag));
  if (gone.length > 0) {
    await queryRows(
      trx,
      `delete from tagged_resources
       where kind = :kind
       and project_id = :projectId
       and tag = any(cast(:gone as text[]))
       and resource_id = :id`,
      { kind, projectId, gone, id },
    );
  }
  await writeTags(trx, kind, projectId, [{ id, tags: after.filter((tag) => !before.includes(tag)) }]);
}

/** Forgets the tags of resources that go; need not be called for those without. Served by tagged_resources_resource. */
export async function removeTags(trx: Knex, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await queryRows(trx, 'delete from tagged_resources where resource_id = any(cast(:ids as uuid[]))', {
    ids: [...ids],
  });
}

/** The parts of a list's statement by which it has only what has certain tags. */
export interface TagClauses {
  /** Goes behind the list's table. */
  readonly join: string;
  readonly conditions: readonly string[];
  readonly bindings: Readonly<Record<string, unknown>>;
  /** The column to page by: it is the resource's id, by the index that drives the list. */
  readonly idColumn: string;
}

/**
 * Restricts a list of one project's resources to those that have all of the tags. The first tag drives, by the primary key of
 * tagged_resources, which is also in the order of ids; the others are looked up in the resource's row. It binds `projectId`.
 */
export function tagClauses(
  kind: TaggedKind,
  table: string,
  projectId: string,
  tags: readonly string[] | undefined,
): TagClauses {
  const [first] = tags ?? [];
  if (first === undefined) return { join: '', conditions: [], bindings: {}, idColumn: `${table}.id` };
  return {
    join: `join tagged_resources on tagged_resources.resource_id = ${table}.id`,
    conditions: [
      `tagged_resources.kind = '${kind}'`,
      'tagged_resources.project_id = :projectId',
      'tagged_resources.tag = :firstTag',
      `${table}.tags @> cast(:tags as text[])`,
    ],
    bindings: { projectId, firstTag: first, tags: [...(tags ?? [])] },
    idColumn: 'tagged_resources.resource_id',
  };
}
