/**
 * The console's files over HTTP (payload format 2.0). They are the same for everybody and have nothing of a
 * patient, so they are served without a token; what they show, they read from the API with one.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  CONSOLE_FILES,
  CONSOLE_SETTINGS_FILE,
  type ConsoleSettings,
} from '../../core/contracts/console.ts';

/** What is used of the event of API Gateway. */
const HttpEvent = z.object({
  rawPath: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
});

interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface ServedFile {
  readonly type: string;
  readonly body: string;
  readonly tag: string;
}

/** The files of the bundle that are served, by name; nothing else is. */
export const CONSOLE_ASSETS = {
  'index.html': 'text/html; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;
export type ConsoleAsset = keyof typeof CONSOLE_ASSETS;

/** Nothing but our own files runs or is shown, and nothing is sent anywhere but to the API and for the token. */
const securityHeaders = ({ signIn }: ConsoleSettings): Record<string, string> => {
  const token = signIn === null ? [] : [new URL(signIn.tokenEndpoint).origin];
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      ["connect-src 'self'", ...token].join(' '),
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
};

const served = (type: string, body: string): ServedFile => ({
  type,
  body,
  tag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`,
});

/** `assets`: the text of each file of {@link CONSOLE_ASSETS}. */
export const makeHandler = (
  assets: Readonly<Record<ConsoleAsset, string>>,
  settings: ConsoleSettings,
) => {
  const headers = securityHeaders(settings);
  const page = served(CONSOLE_ASSETS['index.html'], assets['index.html']);
  const files = new Map<string, ServedFile>([
    ['/', page],
    [
      `${CONSOLE_FILES}/${CONSOLE_SETTINGS_FILE}`,
      served('application/json', JSON.stringify(settings)),
    ],
    ...(['console.js', 'console.css', 'icon.svg'] as const).map(
      (name) => [`${CONSOLE_FILES}/${name}`, served(CONSOLE_ASSETS[name], assets[name])] as const,
    ),
  ]);
  return (event: unknown): Promise<HttpAnswer> => {
    const request = HttpEvent.parse(event);
    const file = files.get(request.rawPath);
    if (file === undefined) {
      return Promise.resolve({
        statusCode: 404,
        headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
        body: 'The console has no such file; it begins at /\n',
      });
    }
    // Asked for each time, sent only when it has changed: a new release is there at the next visit.
    const caching = { etag: file.tag, 'cache-control': 'no-cache' };
    return Promise.resolve(
      request.headers['if-none-match'] === file.tag
        ? { statusCode: 304, headers: { ...headers, ...caching }, body: '' }
        : {
            statusCode: 200,
            headers: { ...headers, ...caching, 'content-type': file.type },
            body: file.body,
          },
    );
  };
};
