/**
 * Which files go over which association: one presentation context for each pair of SOP class and transfer
 * syntax, because a file is sent in the syntax it has; at most 128 contexts fit an association.
 */
import type { Part10File } from './part10-file.ts';

const MAXIMUM_CONTEXTS = 128;

export interface PlannedAssociation {
  readonly contexts: readonly {
    readonly abstractSyntax: string;
    readonly transferSyntaxes: readonly string[];
  }[];
  readonly files: readonly Part10File[];
}

const pairOf = (file: Part10File): string => `${file.sopClassUid} ${file.transferSyntaxUid}`;

/** Files keep their order within an association; nearly always there is only one. */
export const planAssociations = (files: readonly Part10File[]): PlannedAssociation[] => {
  const byPair = Map.groupBy(files, pairOf);
  const pairs = [...byPair.keys()];
  const planned: PlannedAssociation[] = [];
  for (let start = 0; start < pairs.length; start += MAXIMUM_CONTEXTS) {
    const mine = new Set(pairs.slice(start, start + MAXIMUM_CONTEXTS));
    const contexts = [...mine].flatMap((pair) => {
      const first = byPair.get(pair)?.[0];
      return first === undefined
        ? []
        : [{ abstractSyntax: first.sopClassUid, transferSyntaxes: [first.transferSyntaxUid] }];
    });
    planned.push({ contexts, files: files.filter((file) => mine.has(pairOf(file))) });
  }
  return planned;
};
