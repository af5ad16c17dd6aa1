/** All bytes of what an object is put with. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ObjectBody } from '../../core/contracts/ports.ts';

export const objectBytes = async (body: ObjectBody): Promise<Buffer> => {
  if (body instanceof Readable) return buffer(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  return 'file' in body ? readFile(body.file) : Buffer.concat(body);
};
