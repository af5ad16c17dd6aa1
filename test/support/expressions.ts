/** DynamoDB's expressions, as far as sessions use them: conditions of writes and of keys, SET and REMOVE. */

export type Item = Readonly<Record<string, unknown>>;

/** The names and values that an expression speaks of. */
export interface Expressed {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Item | undefined;
}

const TOKEN = /\s*(#\w+|:\w+|<>|<=|>=|[=<>(),+-]|\w+)/gy;

const tokensOf = (text: string): string[] => {
  const tokens = [...text.matchAll(TOKEN)].map(([, token = '']) => token);
  if (tokens.join('') !== text.replaceAll(/\s/g, '')) throw new Error(`not understood: ${text}`);
  return tokens;
};

const compare: Readonly<Record<string, (one: never, other: never) => boolean>> = {
  '=': (one, other) => one === other,
  '<>': (one, other) => one !== other,
  '<': (one, other) => one < other,
  '>': (one, other) => one > other,
  '<=': (one, other) => one <= other,
  '>=': (one, other) => one >= other,
};

/** Evaluates while it reads, from the left to the right. */
class Reader {
  readonly #tokens: string[];
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Item;
  readonly #item: Item;

  constructor(text: string, expressed: Expressed, item: Item) {
    this.#tokens = tokensOf(text);
    this.#names = expressed.ExpressionAttributeNames ?? {};
    this.#values = expressed.ExpressionAttributeValues ?? {};
    this.#item = item;
  }

  get isAtEnd(): boolean {
    return this.#tokens.length === 0;
  }

  take(token: string): boolean {
    if (this.#tokens[0] !== token) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(token: string): void {
    if (!this.take(token)) throw new Error(`${token} expected at ${this.#tokens.join(' ')}`);
  }

  name(): string {
    const token = this.#tokens.shift() ?? '';
    const name = token.startsWith('#') ? this.#names[token] : token;
    if (name === undefined) throw new Error(`nothing is named ${token}`);
    return name;
  }

  condition(): boolean {
    let holds = this.#all();
    while (this.take('OR')) holds = this.#all() || holds;
    return holds;
  }

  #all(): boolean {
    let holds = this.#one();
    while (this.take('AND')) holds = this.#one() && holds;
    return holds;
  }

  #one(): boolean {
    if (this.take('NOT')) return !this.#one();
    if (this.take('(')) {
      const holds = this.condition();
      this.#expect(')');
      return holds;
    }
    for (const [test, wanted] of [
      ['attribute_exists', true],
      ['attribute_not_exists', false],
    ] as const) {
      if (!this.take(test)) continue;
      this.#expect('(');
      const isThere = this.#item[this.name()] !== undefined;
      this.#expect(')');
      return isThere === wanted;
    }
    if (this.take('begins_with')) {
      const [text, prefix] = this.#list();
      return String(text).startsWith(String(prefix));
    }
    const left = this.value();
    if (this.take('IN')) return this.#list().includes(left);
    const operator = this.#tokens.shift() ?? '';
    const right = this.value();
    const test = compare[operator];
    if (test === undefined) throw new Error(`no comparison: ${operator}`);
    // A comparison with what is not there never holds.
    return left !== undefined && test(left as never, right as never);
  }

  #list(): unknown[] {
    this.#expect('(');
    const values = [this.value()];
    while (this.take(',')) values.push(this.value());
    this.#expect(')');
    return values;
  }

  value(): unknown {
    let value = this.#term();
    for (;;) {
      if (this.take('+')) value = Number(value) + Number(this.#term());
      else if (this.take('-')) value = Number(value) - Number(this.#term());
      else return value;
    }
  }

  #term(): unknown {
    if (this.take('if_not_exists')) {
      const [there, otherwise] = this.#list();
      return there ?? otherwise;
    }
    if (this.take('list_append')) return this.#list().flat();
    if (this.#tokens[0]?.startsWith(':') !== true) return this.#item[this.name()];
    const token = this.#tokens.shift() ?? '';
    if (!(token in this.#values)) throw new Error(`nothing is called ${token}`);
    return this.#values[token];
  }
}

/** Whether a condition holds for an item; of one that is not there, for {}. */
export const evaluate = (text: string, expressed: Expressed, item: Item): boolean =>
  new Reader(text, expressed, item).condition();

/** The item after an update. */
export const updated = (text: string, expressed: Expressed, item: Item): Item => {
  const reader = new Reader(text, expressed, item);
  const after = new Map(Object.entries(structuredClone(item)));
  let isSetting = true;
  while (!reader.isAtEnd) {
    if (reader.take('SET')) isSetting = true;
    else if (reader.take('REMOVE')) isSetting = false;
    else reader.take(',');
    const name = reader.name();
    if (!isSetting) after.delete(name);
    else if (reader.take('=')) after.set(name, structuredClone(reader.value()));
    else throw new Error(`not understood: ${text}`);
  }
  return Object.fromEntries(after);
};
