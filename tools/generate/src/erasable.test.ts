import { expect, test } from 'vitest';
import { withoutParameterProperties } from './erasable.ts';

test('parameter properties become fields that the constructor sets', () => {
  const source = `class A<T> {
    constructor(private one: string, two = 2, protected three: (x: T) => T = (x) => x) {}
}
`;
  expect(withoutParameterProperties(source)).toBe(`class A<T> {
    private one: string;
    protected three: (x: T) => T;
    constructor(one: string, two = 2, three: (x: T) => T = (x) => x) {
        this.one = one;
        this.three = three;
    }
}
`);
});

test('a subclass sets its fields after it has called the constructor above', () => {
  const source = `class B extends Error {
    constructor(public field: string, message?: string) {
        super(message);
        other();
    }
}
`;
  expect(withoutParameterProperties(source)).toBe(`class B extends Error {
    public field: string;
    constructor(field: string, message?: string) {
        super(message);
        this.field = field;
        other();
    }
}
`);
});

test('what has none stays as it is', () => {
  const source = 'class C {\n  constructor(readonlyName: string) {\n    this.x = readonlyName;\n  }\n}\n';
  expect(withoutParameterProperties(source)).toBe(source);
});
