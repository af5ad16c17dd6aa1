/** A certificate authority of a test's own, and what it issues, made by openssl. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../support/program.ts';

export interface Issued {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256, as openssl and Node write it. */
  readonly fingerprint: string;
}

const openssl = async (...args: readonly string[]): Promise<void> => {
  const { code, stderr } = await runProgram('openssl', args);
  if (code !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${stderr}`);
};

const KEYS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
  rsa: ['-newkey', 'rsa:2048', '-nodes'],
} as const;

export const certificateAuthority = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-tls-'));
  const path = (name: string): string => join(folder, name);
  await openssl(
    'req',
    '-x509',
    ...KEYS.ec,
    '-keyout',
    path('ca.key'),
    '-out',
    path('ca.crt'),
    '-subj',
    '/CN=Test CA',
    '-days',
    '2',
  );
  return {
    ca: path('ca.crt'),
    path,
    /** For 127.0.0.1. */
    issue: async (name: string, days = 60, kind: keyof typeof KEYS = 'ec'): Promise<Issued> => {
      const [certificate, key] = [path(`${name}.crt`), path(`${name}.key`)];
      await openssl(
        'req',
        ...KEYS[kind],
        '-keyout',
        key,
        '-out',
        path(`${name}.csr`),
        '-subj',
        `/CN=${name}`,
      );
      await writeFile(path(`${name}.ext`), 'subjectAltName=IP:127.0.0.1\n');
      await openssl(
        ...['x509', '-req', '-in', path(`${name}.csr`), '-CA', path('ca.crt')],
        ...['-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path(`${name}.ext`)],
        ...['-out', certificate, '-days', String(days)],
      );
      const { fingerprint256: fingerprint } = new X509Certificate(await readFile(certificate));
      return { certificate, key, fingerprint };
    },
  };
};
