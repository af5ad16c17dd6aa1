/** Alarms that somebody can act on, a budget that stops workers and nothing else, and the words that go with them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LISTENER_METRICS, PLATFORM_METRICS } from '../../core/contracts/metrics.ts';
import { synthesise, type Resource } from './synthesised.ts';

const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

const operationsOf = (operations: object) => {
  const templates = synthesise({ operations });
  const template = templates.get('Operations');
  if (template === undefined) throw new Error('there is no stack Operations');
  return template;
};
const template = operationsOf({ email: 'imaging@hospital.example', gpuMinutesPerDay: 90 });

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Threshold: number;
  readonly TreatMissingData: string;
  readonly AlarmActions: readonly unknown[];
}

const resources = (type: string): Resource[] =>
  Object.values(template.findResources(type) as Record<string, Resource>);
const alarms = resources('AWS::CloudWatch::Alarm').map(
  ({ Properties }) => Properties as unknown as AlarmProperties,
);
const sections = runbook.split(/^## /m).slice(1);

describe('each alarm', () => {
  it('has a section in the runbook that says what it means, where to look and what to do', () => {
    for (const { AlarmName, AlarmDescription } of alarms) {
      const name = AlarmName.slice('gantry-'.length);
      const section = sections.find((text) => text.startsWith(`${name}\n`));

      expect(section).toMatch(/\*\*Means\.\*\*[^]+\*\*Look\.\*\*[^]+\*\*Do\.\*\*/);
      expect(AlarmDescription).toContain(`docs/runbook.md, "${name}"`);
    }
    expect(sections.map((text) => text.split('\n')[0]).sort()).toEqual(
      ['budget', ...alarms.map(({ AlarmName }) => AlarmName.slice('gantry-'.length))].sort(),
    );
  });

  it('watches a metric that a program prints, of this deployment, and tells somebody', () => {
    const printed = [...Object.values(LISTENER_METRICS), ...Object.values(PLATFORM_METRICS)];
    for (const alarm of alarms) {
      expect(printed.map(({ name }) => name)).toContain(alarm.MetricName);
      expect(alarm.Namespace).toBe('Gantry');
      expect(alarm.Dimensions).toEqual([{ Name: 'Deployment', Value: 'gantry' }]);
      expect(alarm.AlarmActions).toHaveLength(1);
    }
  });

  it('rings when nobody reports only where silence itself is the fault', () => {
    const ringing = alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching');

    expect(ringing.map(({ AlarmName }) => AlarmName).sort()).toEqual([
      'gantry-listener-silent',
      'gantry-sweep-silent',
    ]);
  });

  it('has the threshold that the site chose', () => {
    const gpu = alarms.find(({ AlarmName }) => AlarmName === 'gantry-gpu-minutes');

    expect(gpu?.Threshold).toBe(90);
  });
});

describe('the operations stack', () => {
  it('sends alarms to the site, over TLS only', () => {
    expect(resources('AWS::SNS::Subscription')[0]?.Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'imaging@hospital.example',
    });
    expect(JSON.stringify(resources('AWS::SNS::TopicPolicy'))).toContain('aws:SecureTransport');
  });

  it('has one dashboard, and saved queries for the runbook', () => {
    const names = resources('AWS::Logs::QueryDefinition').map(
      ({ Properties }) => (Properties as { Name: string }).Name,
    );
    const asked = [...runbook.matchAll(/[Ss]aved quer(?:y|ies) ((?:`[^`]+`(?: and )?)+)/g)].flatMap(
      ([, words = '']) => [...words.matchAll(/`([^`]+)`/g)].map(([, name]) => `gantry/${name}`),
    );

    expect(resources('AWS::CloudWatch::Dashboard')).toHaveLength(1);
    expect(asked.length).toBeGreaterThan(5);
    expect(names).toEqual(expect.arrayContaining(asked));
  });

  it('lets the budget forbid new tasks, after approval unless the site wants it at once', () => {
    const [action] = resources('AWS::Budgets::BudgetsAction');
    const [policy] = resources('AWS::IAM::ManagedPolicy');

    expect(action?.Properties).toMatchObject({
      ActionType: 'APPLY_IAM_POLICY',
      ApprovalModel: 'MANUAL',
      Definition: { IamActionDefinition: { Roles: { length: 3 } } },
    });
    expect(policy?.Properties).toMatchObject({
      PolicyDocument: {
        Statement: [{ Effect: 'Deny', Action: 'ecs:RunTask', Resource: '*' }],
      },
    });
    const [automatic] = Object.values(
      operationsOf({ budgetAction: 'automatic' }).findResources('AWS::Budgets::BudgetsAction'),
    );
    expect(automatic).toMatchObject({ Properties: { ApprovalModel: 'AUTOMATIC' } });
  });

  it('is left out of the embedded cloud', () => {
    expect([...synthesise({ profile: 'embedded' }).keys()]).not.toContain('Operations');
  });
});
