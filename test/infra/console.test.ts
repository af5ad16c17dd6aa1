/** The console on AWS: how people sign in, and what its function serves. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../core/contracts/names.ts';
import { consoleFiles } from '../../infra/constructs/console-function.ts';
import { countMatching, synthesise } from './synthesised.ts';

const issuer = 'https://people.hospital.example';
const oidc = { kind: 'oidc', issuer, audience: ['gantry'] };
const signIn = {
  authorizationEndpoint: `${issuer}/authorize`,
  tokenEndpoint: `${issuer}/token`,
  clientId: 'gantry-console',
};
const orchestrationOf = (site: object): Template => {
  const template = synthesise(site).get('Orchestration');
  if (template === undefined) throw new Error('no stack Orchestration');
  return template;
};
const settingsOf = (template: Template): string =>
  JSON.stringify(
    Object.values(
      template.findResources('AWS::Lambda::Function', {
        Properties: { FunctionName: 'gantry-console' },
      }),
    ),
  );

describe('the console of a deployment', () => {
  it('is where the user pool sends people back to, as a client without a secret', () => {
    const template = orchestrationOf({});
    const people = Object.values(
      template.findResources('AWS::Cognito::UserPoolClient', {
        Properties: { GenerateSecret: false, AllowedOAuthFlows: ['code'] },
      }),
    ) as { Properties: { CallbackURLs: unknown[] } }[];
    const [console, ...others] =
      people[0]?.Properties.CallbackURLs.filter((url) => typeof url !== 'string') ?? [];

    expect(people).toHaveLength(1);
    expect(others).toEqual([]);
    expect(console).toEqual({
      'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^HttpApi/), 'ApiEndpoint'] }, '/']],
    });
    expect(settingsOf(template)).toContain('/oauth2/authorize');
    expect(settingsOf(template)).toContain(ENV.consoleSettings);
  });

  it('signs in at the hospital’s own provider if the site says how', () => {
    const settings = settingsOf(
      orchestrationOf({ api: { identity: { ...oidc, console: signIn } } }),
    );

    for (const value of Object.values(signIn)) expect(settings).toContain(value);
  });

  it('is not there, and no route open, if nobody could sign in to it', () => {
    const template = orchestrationOf({ api: { identity: oidc } });
    const open = { AuthorizationType: 'NONE' };

    expect(settingsOf(template)).toBe('[]');
    expect(countMatching(template, 'AWS::ApiGatewayV2::Route', open)).toBe(0);
  });

  it('asks for no token in the embedded cloud', () => {
    expect(settingsOf(orchestrationOf({ profile: 'embedded' }))).toContain('{\\"signIn\\":null}');
  });
});

describe('the console’s files', () => {
  it('are one script for a browser, without anything of Node, and page, style and icon', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-console-'));
    try {
      for (const command of consoleFiles(folder)) execFileSync('sh', ['-c', command]);
      const script = readFileSync(join(folder, 'console.js'), 'utf8');

      expect(readdirSync(folder).sort()).toEqual([
        'console.css',
        'console.js',
        'icon.svg',
        'index.html',
      ]);
      expect(script).not.toMatch(/\bBuffer\b|createHash|process\.env|innerHTML/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
