/**
 * The one door that service code has to the platform: HTTP on a Unix socket. Each attempt has a socket of its
 * own, which only its user id can connect to, and a token; both are gone at its end. With them come the images
 * of that job's object, the data and files of that job's session, and the site's destinations, and nothing else.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock, ObjectStore } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { SessionDataTooLarge, type SessionDataStore } from '../../core/running/session-store.ts';
import { dataRoutes } from './data-routes.ts';
import { answerAbsent, answerJson, Refused } from './exchange.ts';
import { fileRoutes } from './file-routes.ts';
import type { JobAccess } from './job-access.ts';
import type { PeerDirectory } from './peers.ts';
import { sessionEntries, type EntryName } from './session-entries.ts';
import { transferRoute } from './transfers.ts';

const TOKEN_BYTES = 32;
/** A sort key of the table has 1024 bytes, and other names are in it too. */
const MAX_NAME_BYTES = 512;

/** The door of one attempt. */
export interface JobDoor {
  readonly socketPath: string;
  readonly token: string;
  readonly close: () => Promise<void>;
}

export interface JobEndpoint {
  /**
   * Opens a door to `access` in `folder`, for the members of the group `gid` or, without one, for the runner's own
   * user.
   */
  open(access: JobAccess, folder: string, gid: number | undefined): Promise<JobDoor>;
}

/** Of a socket's name: enough that none is met twice. */
const NAME_BYTES = 6;
/** What the name of a socket adds to its folder's path. */
export const SOCKET_NAME_LENGTH = 1 + 2 * NAME_BYTES;

const bearer = (request: IncomingMessage): string =>
  /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';

const isSame = (given: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
};

const nameOf = (query: URLSearchParams): EntryName => {
  const name = query.get('name');
  if (name === null) throw new Refused(400, 'a name is needed');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new Refused(400, `a name has at most ${MAX_NAME_BYTES} bytes`);
  }
  return {
    name,
    jobName: query.get('jobName') ?? undefined,
    objectId: query.get('objectId') ?? undefined,
  };
};

export const jobEndpoint = (options: {
  store: SessionDataStore;
  objects: ObjectStore;
  peers: PeerDirectory;
  decisions: Pick<GroupStore, 'recordDecision'>;
  clock: Clock;
  /** A request that could not be served, for a reason that is not the caller's. */
  onFailure: (error: unknown, jobId: string) => void;
}): JobEndpoint => {
  const entries = sessionEntries(options.store);
  const data = dataRoutes(entries, options.objects);
  const files = fileRoutes(entries, options.objects, options.clock);
  const recordTransfer = transferRoute(options.decisions, options.clock);

  const route = async (
    request: IncomingMessage,
    response: ServerResponse,
    access: JobAccess,
  ): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://runner');
    switch (pathname) {
      case '/series': {
        const series = access.series.get(searchParams.get('id') ?? '');
        if (series === undefined) answerAbsent(response);
        else answerJson(response, 200, { files: series });
        return;
      }
      case '/peer': {
        const peer = await options.peers.find(access, searchParams.get('name'));
        if (peer === undefined) answerAbsent(response);
        else answerJson(response, 200, peer);
        return;
      }
      case '/data':
        return data(request, response, access, nameOf(searchParams));
      case '/files/content':
        return files.content(response, access, nameOf(searchParams));
      case '/files':
        return files.document(request, response, access, nameOf(searchParams), {
          meta: searchParams.get('meta') ?? undefined,
          contentType: searchParams.get('contentType') ?? undefined,
          ext: searchParams.get('ext') ?? undefined,
        });
      case '/transfers':
        await recordTransfer(request, access);
        answerJson(response, 200, {});
        return;
      default:
        throw new Refused(400, 'the job endpoint knows no such path');
    }
  };

  const refuse = (response: ServerResponse, error: unknown, jobId: string): void => {
    const known =
      error instanceof Refused
        ? error
        : error instanceof SessionDataTooLarge
          ? new Refused(413, error.message)
          : undefined;
    if (known === undefined) options.onFailure(error, jobId);
    if (response.headersSent) {
      // Cut off, so that the caller does not take half a file for a whole one.
      response.destroy();
      return;
    }
    answerJson(response, known?.status ?? 502, {
      message: known?.message ?? 'the platform could not do this; its runner’s log says why',
    });
  };

  return {
    open: async (access, folder, gid) => {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const socketPath = join(folder, randomBytes(NAME_BYTES).toString('hex'));
      const server = createServer((request, response) => {
        if (!isSame(bearer(request), token)) {
          answerJson(response, 401, { message: 'the token is not that of this job' });
          return;
        }
        route(request, response, access).catch((error: unknown) => {
          refuse(response, error, access.jobId);
        });
      });
      server.requestTimeout = 0;
      server.listen(socketPath);
      await once(server, 'listening');
      // To connect to a socket takes the right to write to it, which nobody but its owner had until here.
      if (gid !== undefined) await chown(socketPath, 0, gid);
      await chmod(socketPath, gid === undefined ? 0o600 : 0o660);
      return {
        socketPath,
        token,
        close: async () => {
          server.close();
          server.closeAllConnections();
          await once(server, 'close');
        },
      };
    },
  };
};
