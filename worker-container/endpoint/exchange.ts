/** Reading requests and writing answers of the job endpoint: JSON, with one form for refusals. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request that is refused; the message is shown to the author of the service code. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const answerJson = (response: ServerResponse, status: number, value: unknown): void => {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
};

/** 404: the SDK turns it into None, False or a default. */
export const answerAbsent = (response: ServerResponse): void => {
  answerJson(response, 404, { message: 'there is no such thing in this session' });
};

/** The whole body; refuses a longer one than `maxBytes`. */
export const readBody = async (request: IncomingMessage, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Refused(413, `at most ${maxBytes} bytes can be kept here: use upload_session_file`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
