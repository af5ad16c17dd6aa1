/** The data bucket as an ObjectStore. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NotFound,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ObjectBody, ObjectStore } from '../core/contracts/ports.ts';

const JSON_TYPE = 'application/json';
const MAX_KEYS_PER_DELETE = 1000;
const SDK_CHECKSUM_HEADERS = new Set(['x-amz-checksum-crc32', 'x-amz-sdk-checksum-algorithm']);

/** Large enough that reading a file costs little beside sending it. */
const FILE_CHUNK_BYTES = 256 * 1024;

const requestBody = (body: ObjectBody): Uint8Array | Readable => {
  if (body instanceof Uint8Array || body instanceof Readable) return body;
  return 'file' in body
    ? createReadStream(body.file, { highWaterMark: FILE_CHUNK_BYTES })
    : Readable.from(body, { objectMode: false });
};

export const bucketObjects = (client: S3Client, bucket: string): ObjectStore => {
  const get = async (key: string, firstBytes?: number) => {
    const range = firstBytes === undefined ? {} : { Range: `bytes=0-${String(firstBytes - 1)}` };
    const { Body } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, ...range }),
    );
    if (Body === undefined) throw new Error('an object came without a body');
    return Body;
  };
  return {
    getJson: async (key) =>
      JSON.parse(await (await get(key)).transformToString('utf-8')) as unknown,
    putJson: async (key, value) => {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: JSON.stringify(value),
          ContentType: JSON_TYPE,
        }),
      );
    },
    putJsonIfAbsent: async (key, value) => {
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: JSON.stringify(value),
            ContentType: JSON_TYPE,
            IfNoneMatch: '*',
          }),
        );
        return true;
      } catch (error) {
        // 412: it exists. 409 is a concurrent writer: the caller's next read tells who won.
        if (error instanceof S3ServiceException) {
          const status = error.$metadata.httpStatusCode;
          if (status === 412 || status === 409) return false;
        }
        throw error;
      }
    },
    getBytes: async (key) => (await get(key)).transformToByteArray(),
    getStream: async (key, firstBytes) => {
      const body = await get(key, firstBytes);
      if (!(body instanceof Readable)) throw new Error('the SDK did not return a Node stream');
      return body;
    },
    put: async (key, body, { length, contentType, signal }) => {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: requestBody(body),
          ContentLength: length,
          ContentType: contentType,
        }),
        signal === undefined ? {} : { abortSignal: signal },
      );
    },
    copy: async (from, to) => {
      const source = `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
      await client.send(new CopyObjectCommand({ Bucket: bucket, CopySource: source, Key: to }));
    },
    size: async (key) => {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return head.ContentLength ?? 0;
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },
    uploadUrl: (key, seconds) =>
      getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: key }), {
        expiresIn: seconds,
        // Else the URL asks for the checksum of the empty body that is signed here, and S3 refuses the upload.
        unhoistableHeaders: SDK_CHECKSUM_HEADERS,
        unsignableHeaders: SDK_CHECKSUM_HEADERS,
      }),
    delete: async (keys) => {
      for (let start = 0; start < keys.length; start += MAX_KEYS_PER_DELETE) {
        const { Errors } = await client.send(
          new DeleteObjectsCommand({
            Bucket: bucket,
            Delete: {
              Quiet: true,
              Objects: keys.slice(start, start + MAX_KEYS_PER_DELETE).map((Key) => ({ Key })),
            },
          }),
        );
        if (Errors !== undefined && Errors.length > 0) {
          throw new Error(`${String(Errors.length)} objects could not be deleted`);
        }
      }
    },
  };
};
