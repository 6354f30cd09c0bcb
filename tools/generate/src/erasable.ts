import ts from 'typescript';

interface Edit {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Rewrites parameter properties (`constructor(private name: string)`) as fields that the constructor sets: Node runs
 * TypeScript by erasing types, and a parameter property is more than a type. With this, the clients run as they are.
 */
export function withoutParameterProperties(source: string): string {
  const file = ts.createSourceFile('module.ts', source, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isConstructorDeclaration(node)) edits.push(...editsOf(node));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return edits
    .sort((one, other) => other.at - one.at)
    .reduce((text, { at, end, text: inserted }) => text.slice(0, at) + inserted + text.slice(end), source);
}

function editsOf(constructor: ts.ConstructorDeclaration): Edit[] {
  const properties = constructor.parameters.filter((parameter) => (parameter.modifiers ?? []).length > 0);
  const { body } = constructor;
  if (properties.length === 0 || body === undefined) return [];
  const indent = '    ';
  const fields = properties.map(({ modifiers, name, type }) => {
    const words = (modifiers ?? []).map((modifier) => modifier.getText()).join(' ');
    return `${words} ${name.getText()}${type === undefined ? '' : `: ${type.getText()}`};\n${indent}`;
  });
  const assignments = properties.map(
    ({ name }) => `\n${indent}${indent}this.${name.getText()} = ${name.getText()};`,
  );
  const callOfSuper = body.statements.find((statement) => statement.getText().startsWith('super('));
  const assignAt = callOfSuper?.end ?? body.getStart() + 1;
  return [
    { at: constructor.getStart(), end: constructor.getStart(), text: fields.join('') },
    ...properties.map(({ modifiers, name }) => ({
      at: modifiers?.[0]?.getStart() ?? name.getStart(),
      end: name.getStart(),
      text: '',
    })),
    {
      at: assignAt,
      end: assignAt,
      text: body.statements.length === 0 ? `${assignments.join('')}\n${indent}` : assignments.join(''),
    },
  ];
}
