/** `/files`: the files that the jobs of a session hand on to each other; bytes in the bucket, the rest in the table. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { documentId } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { answerAbsent, answerJson, Refused } from './exchange.ts';
import type { JobAccess } from './job-access.ts';
import type { EntryName, SessionEntries } from './session-entries.ts';

/** What S3 takes in one request. */
const MAX_FILE_BYTES = 5 * 1024 ** 3;

/** A file as the SDK describes it: the shape of a GridFS document. */
const FileDocument = z.object({
  _id: z.string(),
  filename: z.string(),
  length: z.int(),
  contentType: z.string(),
  uploadDate: z.string(),
  metadata: z.record(z.string(), z.unknown()),
});
type FileDocument = z.infer<typeof FileDocument>;

/** With the object in the bucket that has its bytes. */
const StoredFile = FileDocument.extend({ object: z.string() });
type StoredFile = z.infer<typeof StoredFile>;

const Meta = z.record(z.string(), z.unknown());

export interface Upload {
  readonly meta: string | undefined;
  readonly contentType: string | undefined;
  readonly ext: string | undefined;
}

const tooLarge = (): Refused => new Refused(413, 'a session file has at most 5 GiB');

/** The body as it comes; what is longer than a file may be never reaches the disk whole. */
async function* atMost(body: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    yield chunk;
  }
}

const readMeta = (text: string | undefined): Record<string, unknown> => {
  try {
    return Meta.parse(JSON.parse(text ?? '{}'));
  } catch {
    throw new Refused(400, '`meta` of a session file is a dict that JSON can hold');
  }
};

/** `maxBytes`: of a file; anything but the default is for tests. */
export const fileRoutes = (
  entries: SessionEntries,
  objects: ObjectStore,
  clock: () => number,
  maxBytes = MAX_FILE_BYTES,
) => {
  const find = async (access: JobAccess, name: EntryName): Promise<StoredFile | undefined> => {
    const text = await entries.find(access, 'file', name);
    return text === undefined ? undefined : StoredFile.parse(JSON.parse(text));
  };

  const upload = async (
    request: IncomingMessage,
    access: JobAccess,
    name: string,
    { meta, contentType = 'application/octet-stream', ext = '' }: Upload,
  ): Promise<string> => {
    const metadata = {
      ...readMeta(meta),
      name,
      session_id: access.sessionId,
      job_id: access.jobId,
    };
    // Told before it is sent, as the SDK does: then the caller hears why.
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
    const id = documentId('file', access.event, access.jobName, access.objectId, name);
    // Of each upload its own: an attempt that does not count any more must not change another's bytes.
    const object = randomUUID();
    // On disk first: a put that has to be repeated can read it again.
    const spool = join(access.spoolFolder, randomUUID());
    try {
      await pipeline(
        request,
        (body: AsyncIterable<Buffer>) => atMost(body, maxBytes),
        createWriteStream(spool),
      );
      const { size } = await stat(spool);
      await objects.put(
        objectKeys.sessionFile(access.sessionId, object),
        size === 0 ? new Uint8Array() : createReadStream(spool),
        { length: size, contentType },
      );
      const document: StoredFile = {
        object,
        _id: id,
        filename: `${id}${ext}`,
        length: size,
        contentType,
        uploadDate: new Date(clock()).toISOString(),
        metadata,
      };
      await entries.put(access, 'file', name, JSON.stringify(document));
      return id;
    } finally {
      await rm(spool, { force: true });
    }
  };

  return {
    content: async (
      response: ServerResponse,
      access: JobAccess,
      name: EntryName,
    ): Promise<void> => {
      const document = await find(access, name);
      if (document === undefined) {
        answerAbsent(response);
        return;
      }
      const key = objectKeys.sessionFile(access.sessionId, document.object);
      const stream = await objects.getStream(key);
      response.writeHead(200, {
        'Content-Type': document.contentType,
        'Content-Length': document.length,
      });
      await pipeline(stream, response);
    },
    document: async (
      request: IncomingMessage,
      response: ServerResponse,
      access: JobAccess,
      name: EntryName,
      how: Upload,
    ): Promise<void> => {
      switch (request.method) {
        case 'PUT':
          answerJson(response, 200, { id: await upload(request, access, name.name, how) });
          return;
        case 'DELETE':
          // The bytes stay until the session's objects are reclaimed: somebody may be reading them.
          if (await entries.remove(access, 'file', name.name)) answerJson(response, 200, {});
          else answerAbsent(response);
          return;
        case 'HEAD':
        case 'GET': {
          const document = await find(access, name);
          if (document === undefined) answerAbsent(response);
          else answerJson(response, 200, FileDocument.parse(document));
          return;
        }
        case undefined:
        default:
          throw new Refused(405, 'GET, HEAD, PUT and DELETE are known here');
      }
    },
  };
};
