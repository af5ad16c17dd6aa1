/** The listener asks the container agent not to be stopped while it has associations; the agent here is a real server. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TaskProtection } from '../../listener-container/task-protection.ts';

const MINUTE = 60_000;
const SECOND = 1000;

let agent: Server;
let asked: { url: string | undefined; method: string | undefined; body: unknown }[];
let answers: { status: number; body: unknown };
let now: number;
let associations: number;
let warnings: string[];
let protection: TaskProtection;

beforeEach(async () => {
  asked = [];
  answers = { status: 200, body: { protection: { ProtectionEnabled: true } } };
  now = 0;
  associations = 0;
  warnings = [];
  agent = createServer((request, answer) => {
    let text = '';
    request.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    request.on('end', () => {
      asked.push({ url: request.url, method: request.method, body: JSON.parse(text) });
      answer.writeHead(answers.status).end(JSON.stringify(answers.body));
    });
  }).listen(0, '127.0.0.1');
  await once(agent, 'listening');
  protection = new TaskProtection({
    agentUri: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/api/task`,
    associations: () => associations,
    clock: () => now,
    log: {
      info: () => undefined,
      warn: (message) => warnings.push(message),
      error: () => undefined,
    },
  });
});

afterEach(() => {
  agent.close();
});

/** One look each second for as long. */
const pass = async (milliseconds: number): Promise<void> => {
  for (const end = now + milliseconds; now < end;) {
    now += SECOND;
    await protection.look();
  }
};

const enabled = (): unknown[] =>
  asked.map(({ body }) => (body as { ProtectionEnabled: boolean }).ProtectionEnabled);

describe('the protection of a listener task', () => {
  it('is asked for with the first association, in the form of the agent, and given up after the last', async () => {
    await pass(10 * SECOND);
    expect(asked).toEqual([]);

    associations = 2;
    await pass(SECOND);
    expect(asked).toEqual([
      {
        url: '/api/task/task-protection/v1/state',
        method: 'PUT',
        body: { ProtectionEnabled: true, ExpiresInMinutes: 15 },
      },
    ]);

    associations = 0;
    await pass(MINUTE);
    expect(enabled()).toEqual([true, false]);
    expect(asked[1]?.body).toEqual({ ProtectionEnabled: false });
  });

  it('is renewed long before it expires, and not with every association', async () => {
    for (let second = 0; second < 600; second += 5) {
      associations = 1;
      await pass(SECOND);
      associations = 0;
      await pass(4 * SECOND);
    }

    expect(enabled()).toEqual([true, true]);
  });

  it('pauses for two minutes each hour, so that a listener that is never idle can be replaced', async () => {
    associations = 1;
    await pass(61 * MINUTE);
    expect(enabled().at(-1)).toBe(false);

    await pass(MINUTE + 5 * SECOND);
    expect(enabled().at(-1)).toBe(true);
  });

  it('is asked for again when the agent refuses, is said once, and never stands in the way', async () => {
    answers = { status: 400, body: { failure: { Reason: 'TASK_NOT_VALID' } } };
    associations = 1;
    await pass(25 * SECOND);

    expect(asked).toHaveLength(3);
    expect(warnings).toHaveLength(1);

    answers = { status: 200, body: { protection: { ProtectionEnabled: true } } };
    await pass(10 * SECOND);
    expect(asked).toHaveLength(4);
  });

  it('survives an agent that is not there', async () => {
    agent.close();
    agent.closeAllConnections();
    associations = 1;
    await pass(2 * SECOND);

    expect(warnings).toHaveLength(1);
  });
});
