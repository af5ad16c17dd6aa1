/** The worked sites at a glance: what each deploys, stack by stack, and what the rule packs say of it. */
import { basename } from 'node:path';
import { siteApp } from '../synthesis.ts';
import { acknowledgements, findingsOf, reasonFor } from './findings.ts';

const MAX_RESOURCES = 500;

const resourcesOf = (template: unknown): number =>
  Object.keys((template as { Resources?: object }).Resources ?? {}).length;

const sectionOf = (file: string): string[] => {
  const app = siteApp(file);
  const { stacks } = app.synth();
  const findings = findingsOf(app);
  const wildcards = findings.filter((finding) => reasonFor(finding) !== undefined).length;
  const counts = stacks.map(
    ({ id, template }) => [id, resourcesOf(template)] satisfies [string, number],
  );
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return [
    `## ${basename(file, '.json')}`,
    '',
    '| stack | resources |',
    '|---|---|',
    ...counts.map(([stack, count]) => `| ${stack} | ${count} |`),
    `| **all** | **${total}** |`,
    '',
    `AwsSolutions and HIPAA.Security: ${findings.length - wildcards} open findings. Acknowledged with a reason: ` +
      `${acknowledgements(app)} at constructs, ${wildcards} wildcards of policies.`,
    '',
  ];
};

/** docs/sites.md: `files` are paths of site files. */
export const siteTable = (files: readonly string[]): string =>
  [
    '# The worked sites, synthesised',
    '',
    '`npm run review` writes this file and `roles.md` from the templates of `examples/sites`; a test holds both against them. ' +
      `CloudFormation takes ${MAX_RESOURCES} resources in a stack. Reasons: of constructs where they are (\`infra/constructs\`), of wildcards in \`infra/review/wildcards.ts\`.`,
    '',
    ...files.flatMap(sectionOf),
  ].join('\n');
