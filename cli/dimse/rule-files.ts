/** DICOM files as a group that a rule can be tried on: all of them together, in the order of their names. */
import type { RuleOutcome } from '../../core/contracts/rules.ts';
import { createHeaderReader } from '../../core/dicom/header-reader.ts';
import { naturalValues, tagsToRead } from '../../core/dicom/natural-values.ts';
import { askGroupRule } from '../../core/rules/group-rule.ts';
import { CommandFailed } from '../lib/failures.ts';
import { NotSendable, readDataSet, readPart10, type Part10File } from './part10-file.ts';
import { listFiles } from './send-files.ts';

const PIECE = 64 * 1024;
/** What a rule sees of where files came from, for nobody has sent them. */
const NOBODY = 'FILE';
const GROUP = { groupId: 'files', aeTitle: NOBODY, groupBy: ['StudyInstanceUID'], sealedAt: 0 };

const attributesOf = async (file: Part10File, keywords: ReadonlySet<string>) => {
  const reader = createHeaderReader(file.transferSyntaxUid, tagsToRead(keywords));
  for await (const piece of readDataSet(file, PIECE)) {
    await reader.write(piece);
    if (reader.finished) break;
  }
  return naturalValues(await reader.end(), keywords);
};

const readable = async (path: string): Promise<Part10File> => {
  try {
    return await readPart10(path);
  } catch (error) {
    if (!(error instanceof NotSendable)) throw error;
    throw new CommandFailed(`${path}: ${error.message}`);
  }
};

const instanceOf = ({ path, sopClassUid, sopInstanceUid, transferSyntaxUid }: Part10File) => ({
  ...{ sopClassUid, sopInstanceUid, transferSyntaxUid, objectKey: path },
  ...{ size: 0, sha256: '', receivedAt: 0, callingAeTitle: NOBODY },
});

/** Throws CommandFailed for what is no DICOM file. */
export const tryOnFiles = async (rule: string, paths: readonly string[]): Promise<RuleOutcome> => {
  const files = await Promise.all((await listFiles(paths)).map(readable));
  if (files.length === 0) throw new CommandFailed('there are no files to try it on');
  const byPath = new Map(files.map((file) => [file.path, file]));
  // What a stored group's manifest would know is read from the files as well.
  const series = {
    ...{ patientId: '', issuerOfPatientId: '', studyInstanceUid: '', seriesInstanceUid: '' },
    attributes: {},
    instances: files.map(instanceOf),
  };
  return askGroupRule(
    rule,
    { ...GROUP, series: [series] },
    async (members, keywords) => {
      const read = [];
      for (const { objectKey } of members) {
        const file = byPath.get(objectKey);
        read.push(file === undefined ? {} : await attributesOf(file, keywords));
      }
      return read;
    },
    'objects',
  );
};
