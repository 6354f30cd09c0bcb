/** A chain as the kernel has it. */
export interface ActualChain {
  /** What the base chain's header says; undefined for one that is only jumped to. */
  readonly hook:
    | { readonly at: string; readonly device?: string; readonly priority: string; readonly policy: string }
    | undefined;
  /** The rules as nft prints them. */
  readonly rules: readonly string[];
}

/** A table as the kernel has it. */
export interface ActualTable {
  readonly chains: ReadonlyMap<string, ActualChain>;
  /** Elements of sets and maps, by the set's name, as nft prints them. */
  readonly elements: ReadonlyMap<string, readonly string[]>;
}

export const emptyTable: ActualTable = { chains: new Map(), elements: new Map() };

const headerForm =
  /^type filter hook (\w+)(?: devices? (?:= )?(?:\{ )?"?([\w.-]+)"?(?: \})?)? priority ([^;]+); policy (\w+);$/;

/**
 * Reads the text of `nft -s list table` (or `list chain`). The text, because the JSON of nft 1.0.6 does not say to which
 * device a chain is hooked.
 */
export function parseListing(text: string): ActualTable {
  const chains = new Map<string, ActualChain>();
  const elements = new Map<string, readonly string[]>();
  for (const [, kind, name = '', body = ''] of text.matchAll(
    /^\t(chain|set|map) (\S+) \{\n([^]*?)^\t\}$/gm,
  )) {
    if (kind === 'chain') chains.set(name, parseChain(body));
    else elements.set(name, parseElements(body));
  }
  return { chains, elements };
}

/** The fingerprint that a rule carries as its comment. */
export function fingerprintOf(ruleText: string): string | undefined {
  return /comment "([^"]*)"$/.exec(ruleText)?.[1];
}

function parseChain(body: string): ActualChain {
  const texts = body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const header = headerForm.exec(texts[0] ?? '');
  if (header === null) return { hook: undefined, rules: texts };
  const [, at = '', device, priority = '', policy = ''] = header;
  return {
    hook: { at, ...(device === undefined ? {} : { device }), priority, policy },
    rules: texts.slice(1),
  };
}

function parseElements(body: string): readonly string[] {
  const [, inside = ''] = /elements = \{([^}]*)\}/.exec(body) ?? [];
  return inside
    .split(',')
    .map((element) => element.trim().replaceAll('"', ''))
    .filter((element) => element !== '');
}
