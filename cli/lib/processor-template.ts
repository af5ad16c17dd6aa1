/**
 * A job processor to begin with, as `gantry new processor` writes it: a class, its test, and the two lines that
 * name it in the list of the site. Its code as texts, because it is for the user to change.
 */
import type { TemplateFiles } from './package-template.ts';

/** Where the processors of a site are, in the folder of Gantry. */
export const PROCESSORS_FOLDER = 'site/processors';

/** `night-shift` → `NightShiftProcessor`. */
const classNameOf = (name: string): string =>
  `${name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}Processor`;

const processorCode = (name: string, className: string): string => `/**
 * Makes a session of a study once it has been quiet. What a processor can do is in docs/job-processors.md.
 */
import { z } from 'zod';
import {
  JobProcessorBase,
  type StoredInstance,
} from '../../core/processors/extension/job-processor-base.ts';

/** What \`gantry ae-title set … --set KEY=VALUE\` gives. */
const Settings = z.strictObject({
  /** Seconds without an image after which a study is complete. */
  quiet: z.number().min(1).default(30),
  pipeline: z.string().default('default'),
});

export class ${className} extends JobProcessorBase<z.infer<typeof Settings>> {
  static override readonly settings = Settings;
  readonly name = '${name}';

  /** At least once for each instance, in any order. */
  async handleInstance({ keyId }: StoredInstance): Promise<void> {
    await this.setTimer(keyId, this.settings.quiet);
  }

  /** Submitting the same instances again makes no second session. */
  override async handleTimer(keyId: string): Promise<void> {
    const instances = await this.instances(keyId);
    await this.submitPipelineJob('quiet', this.settings.pipeline, 'normal', instances);
  }
}
`;

const testCode = (
  name: string,
  className: string,
): string => `/** Instances come, time passes, and what was submitted is looked at. */
import { describe, expect, it } from 'vitest';
import { processorKit } from '../../core/processors/extension/test-kit.ts';
import { ${className} } from './${name}.ts';

const kit = () => processorKit('${name}', ${className}, { settings: { quiet: 10 } });

describe('${name}', () => {
  it('makes one session of a study when it has been quiet', async () => {
    const site = kit();

    await site.receive({ modality: 'CT' }, { modality: 'CT' });
    await site.pass(9);
    expect(site.submissions).toEqual([]);
    await site.pass(1);

    expect(site.submissions).toHaveLength(1);
    expect(site.submissions[0]?.instances).toHaveLength(2);
  });

  it('makes no second session when instances are delivered twice', async () => {
    const site = kit();

    await site.receive({ modality: 'CT' });
    await site.pass(10);
    await site.deliverAgain();
    await site.pass(10);

    expect(site.submissions).toHaveLength(1);
  });
});
`;

/** The class and its test, below {@link PROCESSORS_FOLDER}. */
export const processorTemplate = (name: string): TemplateFiles => {
  const className = classNameOf(name);
  return {
    [`${name}.ts`]: processorCode(name, className),
    [`${name}.test.ts`]: testCode(name, className),
  };
};

const TYPE_IMPORT = 'import type { JobProcessors }';
const LIST = /(export const processors: JobProcessors = \{[^}]*)\};/;

/** The list of the site's processors with one more; undefined when it is not written as Gantry has it. */
export const withProcessor = (list: string, name: string): string | undefined => {
  if (!list.includes(TYPE_IMPORT) || !LIST.test(list)) return undefined;
  const className = classNameOf(name);
  const key = name.includes('-') ? `'${name}'` : name;
  return list
    .replace(TYPE_IMPORT, `import { ${className} } from './${name}.ts';\n${TYPE_IMPORT}`)
    .replace(LIST, (_, entries: string) => `${entries}  ${key}: ${className},\n};`);
};
