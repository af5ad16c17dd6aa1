/** `/data`: the values that the jobs of a session hand on to each other. The SDK's tagged JSON is not read here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { documentId } from '../../core/contracts/keys.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import { answerAbsent, answerJson, readBody, Refused } from './exchange.ts';
import type { JobAccess } from './job-access.ts';
import type { EntryName, SessionEntries } from './session-entries.ts';

/** What dcm-processor's database takes in one document. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** Longer texts are objects in the bucket: an item of the table holds 400 KB. */
const MAX_INLINE_BYTES = 128 * 1024;

/** The stored text of a value that is an object in the bucket; the SDK never makes a text like it. */
const InBucket = z.strictObject({ $object: z.string() });

const requireJson = (text: string): void => {
  try {
    JSON.parse(text);
  } catch {
    throw new Refused(400, 'a value of the session data is JSON text');
  }
};

export const dataRoutes = (entries: SessionEntries, objects: ObjectStore) => {
  const load = async (access: JobAccess, stored: string): Promise<string> => {
    if (!stored.startsWith('{"$object"')) return stored;
    const { $object } = InBucket.parse(JSON.parse(stored));
    const bytes = await objects.getBytes(objectKeys.sessionFile(access.sessionId, $object));
    return Buffer.from(bytes).toString('utf8');
  };

  const put = async (access: JobAccess, name: string, body: Buffer): Promise<string> => {
    const id = documentId('value', access.event, access.jobName, access.objectId, name);
    if (body.length <= MAX_INLINE_BYTES) {
      await entries.put(access, 'data', name, body.toString('utf8'));
      return id;
    }
    // A key of its own for each content: who reads the entry before it changes finds the text that it names.
    const object = documentId(id, body.toString('latin1'));
    await objects.put(objectKeys.sessionFile(access.sessionId, object), body, {
      length: body.length,
      contentType: 'application/json',
    });
    await entries.put(access, 'data', name, JSON.stringify({ $object: object }));
    return id;
  };

  return async (
    request: IncomingMessage,
    response: ServerResponse,
    access: JobAccess,
    name: EntryName,
  ): Promise<void> => {
    switch (request.method) {
      case 'PUT': {
        const body = await readBody(request, MAX_VALUE_BYTES);
        requireJson(body.toString('utf8'));
        answerJson(response, 200, { id: await put(access, name.name, body) });
        return;
      }
      case 'DELETE': {
        if (await entries.remove(access, 'data', name.name)) answerJson(response, 200, {});
        else answerAbsent(response);
        return;
      }
      case 'HEAD':
      case 'GET': {
        const stored = await entries.find(access, 'data', name);
        if (stored === undefined) answerAbsent(response);
        else if (request.method === 'HEAD') answerJson(response, 200, {});
        else answerJson(response, 200, { value: await load(access, stored) });
        return;
      }
      case undefined:
      default:
        throw new Refused(405, 'GET, HEAD, PUT and DELETE are known here');
    }
  };
};
