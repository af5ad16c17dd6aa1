/** docs/roles.md is what the templates say, role by role; the file is read by people when it changes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { siteApp } from '../../infra/synthesis.ts';
import { roleTable } from '../../infra/review/role-table.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const table = roleTable(siteApp(join(REPOSITORY, 'examples/sites/hospital.json')));

const sectionOf = (role: string): string =>
  table.split('\n## ').find((section) => section.startsWith(`${role}\n`)) ?? '';

const grantsOf = (role: string): string[] =>
  sectionOf(role)
    .split('\n')
    .filter((line) => line.startsWith('- '));

describe('the roles', () => {
  it('may do what docs/roles.md says, and nothing else (npm run review writes it anew)', () => {
    expect(table).toBe(readFileSync(join(REPOSITORY, 'docs/roles.md'), 'utf8'));
  });

  it('let registry callbacks write their own logs, and deny them what Lambda needs for their network', () => {
    expect(grantsOf('Orchestration/RegistryRole')).toEqual([
      '- `logs:CreateLogStream`, `logs:PutLogEvents` on `RegistryLogs`',
      expect.stringMatching(/^- `ec2:.*NetworkInterface.* on `\*`$/),
      expect.stringMatching(
        /^- never `ec2:.*NetworkInterface.* on `\*` if `lambda:SourceFunctionArn` is `.*:function:gantry-registry-\*`$/,
      ),
    ]);
  });

  it('let the function that ends sessions touch items and its log, and nothing else', () => {
    expect(grantsOf('Orchestration/finish-functionRole').join('\n')).not.toMatch(/s3:|sqs:|iam:/);
    expect(grantsOf('Orchestration/finish-functionRole')).toHaveLength(4);
  });

  it('give the containers of docker jobs’ tasks nothing: nobody but the function that starts them has their role', () => {
    const role = sectionOf('Orchestration/DockerJob');
    const assuming = table
      .split('\n## ')
      .filter((section) => section.includes('`sts:AssumeRole`'))
      .map((section) => section.split('\n')[0]);

    expect(role).toContain('Assumed by `tasksfunctionRole`.');
    expect(assuming).toEqual(['Orchestration/tasks-functionRole']);
    expect(table).not.toContain('docker-job` if `iam:PassedToService`');
    expect(grantsOf('Orchestration/DockerJob').join('\n')).not.toMatch(
      /Delete(Object|Queue)|Scan|ListBucket|iam:|ecs:|lambda:|SendTaskFailure/,
    );
  });

  it('let nobody scan the table, delete a version of an object, or change a policy, a key or the table itself', () => {
    // But the reclaimer, whose daily audit scans, and the budget, which may put the one policy that starts no workers on those who start them.
    const reclaimer = sectionOf('Orchestration/reclaim-functionRole');
    const others = table
      .replace(sectionOf('Operations/BudgetExecutor'), '')
      .replace(reclaimer, reclaimer.replace('dynamodb:Scan', ''));
    expect(others).not.toMatch(
      /`(dynamodb:(Scan|DeleteTable|UpdateTable)|s3:DeleteObjectVersion|s3:PutBucket|iam:(Put|Attach|Create)|kms:(Put|Schedule|Disable))/,
    );
    const actions = table.split('\n').map((line) => line.split(' on ')[0] ?? '');
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('let the listener, and nobody else, read the secret of its certificate, and through the key only by Secrets Manager', () => {
    const aboutSecrets = table.split('\n').filter((line) => line.includes('secretsmanager'));

    expect(aboutSecrets).toEqual([
      '- `secretsmanager:GetSecretValue` on `TlsSecret`',
      '- `kms:Decrypt` on `data.Key` if `kms:ViaService` is `secretsmanager.eu-central-1.amazonaws.com`',
    ]);
    expect(grantsOf('Listener/ListenerTask/TaskRole')).toEqual(
      expect.arrayContaining(aboutSecrets),
    );
  });

  it('use the key only through the service whose data they may use', () => {
    const keys = table.split('\n').filter((line) => /^- .*`kms:/.test(line));

    expect(keys.length).toBeGreaterThan(10);
    for (const line of keys) {
      expect(line).toMatch(
        /if `kms:ViaService` is `(s3|dynamodb|secretsmanager)\.eu-central-1\.amazonaws\.com`$/,
      );
    }
  });
});
