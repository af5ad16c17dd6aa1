/**
 * Evaluates the JSONata expressions of state machines: a JSON string per line in, and a line of JSON out, in order:
 * `{"value": …}`, without a value where the expression has none, or `{"error": "…"}`.
 */
import { createInterface } from 'node:readline';
import jsonata from 'jsonata';

const evaluate = async (expression) => {
  try {
    return { value: await jsonata(expression).evaluate(undefined) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await evaluate(JSON.parse(line)))}\n`);
}
