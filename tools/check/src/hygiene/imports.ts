import { builtinModules } from 'node:module';
import { dirname } from 'node:path';
import ts from 'typescript';
import type { TrackedFile } from './tracked.ts';

interface Workspace {
  readonly folder: string;
  readonly name: string;
  readonly declared: ReadonlySet<string>;
}

const builtins = new Set(builtinModules);

/**
 * Imports of packages that the importing workspace's package.json does not declare. They work by luck of hoisting,
 * and hide from npm and nx who depends on whom. Tests, conformance kits and tools may use the root's development dependencies.
 */
export function findUndeclaredImports(files: readonly TrackedFile[]): string[] {
  const workspaces = files.filter(({ path }) => /(^|\/)package\.json$/.test(path)).map(readWorkspace);
  const top = workspaces.find(({ folder }) => folder === '.');
  return files
    .filter(({ path }) => /\.(ts|mts|mjs|js)$/.test(path))
    .flatMap(({ path, text }) => {
      const owner = ownerOf(path, workspaces);
      const mayUseRoot =
        owner === top || /^tools\/|\.test\.ts$|\.e2e\.ts$|\/testing\/|conformance/.test(path);
      const undeclared = importedPackages(text).filter(
        (name) =>
          !builtins.has(name) &&
          !name.startsWith('node:') &&
          name !== owner?.name &&
          owner?.declared.has(name) !== true &&
          !(mayUseRoot && top?.declared.has(name) === true),
      );
      return [...new Set(undeclared)].map(
        (name) => `${path} imports ${name}, which ${owner?.folder ?? '.'}/package.json does not declare`,
      );
    });
}

function readWorkspace({ path, text }: TrackedFile): Workspace {
  const json = JSON.parse(text) as Record<string, unknown>;
  const declared = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap(
    (field) => Object.keys(json[field] ?? {}),
  );
  // A package's types count as declared with it.
  const typed = declared
    .filter((name) => name.startsWith('@types/'))
    .map((name) => name.slice('@types/'.length));
  return { folder: dirname(path), name: String(json['name']), declared: new Set([...declared, ...typed]) };
}

function ownerOf(path: string, workspaces: readonly Workspace[]): Workspace | undefined {
  return workspaces
    .filter(({ folder }) => folder === '.' || path.startsWith(`${folder}/`))
    .sort((one, other) => other.folder.length - one.folder.length)[0];
}

function importedPackages(text: string): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter(
      (specifier) => !specifier.startsWith('.') && !specifier.startsWith('/') && !specifier.startsWith('#'),
    )
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}
