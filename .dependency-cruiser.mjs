/** Which room of the house may know which: arrows go down the list of docs/architecture.md, and nowhere else. */

const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${from}/` },
  to: {
    dependencyTypesNot: ['core'],
    path: '^(?!node_modules/)[^/]+/',
    pathNot: [`^(${[from, ...allowed].join('|')})/`],
  },
});

const PROGRAMS = '^(core|aws|lambdas|listener-container|worker-container|cli|console)/';
const IO_MODULES =
  '^(node:)?(fs|net|tls|dgram|dns|http|http2|https|child_process|cluster|worker_threads|os|process|readline|inspector|timers)(/|$)';

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or one of them needs a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    only('contracts-are-a-leaf', 'core/contracts', [], 'Everybody reads the contracts.'),
    only('core-knows-nobody', 'core', [], 'Core is where the thinking is; it runs anywhere.'),
    only('aws-serves-core', 'aws', ['core'], 'An adapter implements what core declares.'),
    only('lambdas-know-core-and-aws', 'lambdas', ['core', 'aws', 'site'], 'A function is glue.'),
    only('sites-extend-core', 'site', ['core', 'examples'], 'What a site wrote itself.'),
    only('listener-knows-core-and-aws', 'listener-container', ['core', 'aws'], 'As above.'),
    only('worker-knows-core-and-aws', 'worker-container', ['core', 'aws'], 'As above.'),
    only('cli-is-a-client', 'cli', ['core'], 'The API is all that a client uses.'),
    only(
      'console-is-a-client',
      'console',
      ['core/contracts'],
      'The API is all that it uses, and its words.',
    ),
    only('infra-reads-contracts', 'infra', ['core/contracts'], 'Handlers are named by path.'),
    {
      name: 'nobody-needs-tests',
      comment: 'Tests, benchmarks, examples and scripts are read by people and tools only.',
      severity: 'error',
      from: { pathNot: '^(test|bench|examples|scripts|site)/' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    {
      name: 'lambdas-are-apart',
      comment: 'What two functions need belongs into core or aws.',
      severity: 'error',
      from: { path: '^lambdas/([^/]+)/' },
      to: { path: '^lambdas/', pathNot: '^lambdas/$1/' },
    },
    {
      name: 'core-does-no-io',
      comment: 'Core computes; whoever calls it reads and writes.',
      severity: 'error',
      // The exceptions only ask whether a text is an address: node:net has the answer (isIP).
      from: {
        path: '^core/',
        pathNot: '^core/configuration/(source-hosts|destination-settings)\\.ts$',
      },
      to: { dependencyTypes: ['core'], path: IO_MODULES },
    },
    {
      name: 'console-runs-in-a-browser',
      comment:
        'There is nothing of Node in a browser, and no package but the one that reads answers.',
      severity: 'error',
      from: { path: '^console/' },
      to: {
        path: '^node_modules/(?!zod/)|^(node:)?(fs|net|crypto|http|https|path|os|url|process|timers)(/|$)',
      },
    },
    {
      name: 'core-needs-few-packages',
      comment: 'zod for what crosses a boundary, dcmjs for the dictionary, jsonata for rules.',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: '^node_modules/', pathNot: '^node_modules/(zod|dcmjs|jsonata)/' },
    },
    {
      name: 'sdk-behind-adapters',
      comment: 'Entry points make clients; aws/ uses them; nobody else knows the SDK.',
      severity: 'error',
      from: { pathNot: ['^(aws|local|test|bench)/', '(^|/)(index|main)\\.ts$'] },
      to: { path: '^node_modules/@(aws-sdk|smithy)/' },
    },
    {
      name: 'cdk-in-infra-only',
      comment: 'A program that loads the CDK starts seconds later.',
      severity: 'error',
      from: { pathNot: '^(infra|test/infra)/' },
      to: { path: '^node_modules/(aws-cdk-lib|constructs|cdk-nag)/' },
    },
    {
      name: 'no-development-packages-at-run-time',
      comment: 'What a program imports is a dependency, and not a development dependency.',
      severity: 'error',
      from: { path: PROGRAMS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-is-there',
      comment: 'An import that cannot be found.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.gantry|cdk\\.out)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
