/** A program: a peer that does the misdeed of its second argument to the port of its first, until it is ended. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { MISDEEDS, type Misdeed } from './misdeeds.ts';

const { argv } = process;
const port = Number(argv[2]);
const misdeed = MISDEEDS[argv[3] ?? ''];
if (misdeed === undefined) throw new Error(`no such misdeed: ${argv[3] ?? ''}`);

const misbehave = async (
  { first, pauseMs = 0, readsAnswers = true, reconnects = false }: Misdeed,
  again: Buffer,
): Promise<void> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  // The answer to one that comes again and again is that it is aborted.
  if (reconnects) socket.once('data', () => socket.destroy());
  else if (readsAnswers) socket.resume();
  socket.write(first);
  do {
    const taken = socket.write(again);
    if (pauseMs > 0) await sleep(pauseMs);
    else if (!taken) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
    else await nextTurn();
  } while (!reconnects && !socket.destroyed);
  await closed;
};

const again = misdeed.again();
process.stdout.write('ready\n');
for (;;) await misbehave(misdeed, again);
