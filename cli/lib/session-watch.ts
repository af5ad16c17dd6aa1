/** Follows a session to its end: its story in sentences for people, the whole session a line for programs. */
import { setTimeout as delay } from 'node:timers/promises';
import { ExplanationPage } from '../../core/contracts/api-explanation.ts';
import { Session } from '../../core/contracts/api.ts';
import { ENDED_SESSION_STATES } from '../../core/contracts/vocabulary.ts';
import { apiPath, type ApiClient } from './api-client.ts';
import { showTime, type Output } from './output.ts';

const WATCH_EVERY_MS = 500;

interface Watching {
  readonly api: ApiClient;
  readonly output: Output;
  readonly id: string;
}

/** Tells each sentence of the session's story once: from the associations to the results. */
const storyTeller = ({ api, output, id }: Watching) => {
  const told = new Set<string>();
  return async (): Promise<void> => {
    for (const event of await api.list(ExplanationPage, '/explanations', { session: id })) {
      const line = `${showTime(event.at)}  ${event.sentence.replace(/\s+/g, ' ')}`;
      if (!told.has(line)) output.line(line);
      told.add(line);
    }
  };
};

/** Resolves with the session when it has ended, and everything is told. */
export const watchSession = async (watching: Watching): Promise<Session> => {
  const { api, output, id } = watching;
  const tell = storyTeller(watching);
  let seen = '';
  for (;;) {
    // Before the story: what is told of a session that has ended is all of it.
    const session = await api.get(Session, apiPath('sessions', id));
    const document = JSON.stringify(session);
    if (document !== seen) {
      if (output.json) output.line(document);
      else await tell();
    }
    seen = document;
    if (ENDED_SESSION_STATES.has(session.state)) return session;
    await delay(WATCH_EVERY_MS);
  }
};
