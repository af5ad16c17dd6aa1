/** The rule of a pipeline, asked about the members of a group. */
import type { GroupManifest } from '../contracts/items.ts';
import type { RuleOutcome } from '../contracts/rules.ts';
import { AttributesUnreadable, type NaturalValues } from '../dicom/natural-values.ts';
import type { StoredFile } from '../dicom/stored-header.ts';
import { readRule } from './rule.ts';
import { groupDocument, type AttributeSource } from './rule-document.ts';

/** Reads attributes of stored instances; in the order of the files. */
export type ReadAttributes = (
  files: readonly StoredFile[],
  keywords: ReadonlySet<string>,
) => Promise<readonly NaturalValues[]>;

/** Rejects only for what a later try may not meet again: what cannot be read at all is a failed rule. */
export const askGroupRule = async (
  text: string,
  manifest: Pick<GroupManifest, 'groupId' | 'aeTitle' | 'groupBy' | 'series'>,
  readAttributes: ReadAttributes,
  /** `objects`: the manifest has no attributes. */
  from: AttributeSource = 'manifest',
): Promise<RuleOutcome> => {
  const reading = readRule(text);
  if (!reading.ok) {
    const reason = `it cannot be read: ${reading.problems.join('; ')}`;
    return { outcome: 'failed', reason, readings: [] };
  }
  const { rule } = reading;
  try {
    const read = (files: readonly StoredFile[]) => readAttributes(files, rule.keywords);
    const document = await groupDocument(manifest, rule.keywords, read, from);
    return await rule.evaluate(document);
  } catch (error) {
    if (!(error instanceof AttributesUnreadable)) throw error;
    const reason = `the attributes of an instance cannot be read: ${error.message}`;
    return { outcome: 'failed', reason, readings: [] };
  }
};
