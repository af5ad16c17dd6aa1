/**
 * Owed reports of storage commitment as items of the table: one that is leased, and its references in pieces. It is
 * written first and deleted last, so that what a killed listener leaves behind is found by it: with fewer pieces
 * than it names, its request was never answered or its report has arrived, and all of it is cleared away.
 */
import { OwedCommitmentItem, OwedReferencesItem } from '../core/contracts/commitment-items.ts';
import { tableKeys } from '../core/contracts/keys.ts';
import type { Clock } from '../core/contracts/ports.ts';
import type { OwedCommitments } from '../core/dimse/owed-commitments.ts';
import type { SopReference } from '../core/dimse/storage-commitment.ts';
import type { Table } from './table.ts';

const LEASE_MS = 20_000;

/** Two UIDs have at most 128 bytes, and an item at most 400 KB. */
const REFERENCES_IN_PIECE = 1500;

const inPieces = (references: readonly SopReference[]): [string, string][][] =>
  Array.from({ length: Math.ceil(references.length / REFERENCES_IN_PIECE) }, (_, piece) =>
    references
      .slice(piece * REFERENCES_IN_PIECE, (piece + 1) * REFERENCES_IN_PIECE)
      .map(({ sopClassUid, sopInstanceUid }) => [sopClassUid, sopInstanceUid]),
  );

/** `holder` names this process and no other; `leaseMs` defaults to 20 s. */
export const tableOwedCommitments = (
  table: Table,
  holder: string,
  clock: Clock,
  leaseMs = LEASE_MS,
): OwedCommitments => {
  const partition = tableKeys.owedReferencesPartition;
  const prefix = tableKeys.owedReferencesPrefix;
  const clearAway = async (id: string, pieces: number): Promise<void> => {
    const numbers = Array.from({ length: pieces }, (_, piece) => piece);
    await Promise.all(numbers.map((piece) => table.delete(tableKeys.owedReferences(id, piece))));
    await table.delete(tableKeys.owedCommitment(id));
  };
  const hold = async (id: string, attempts: number): Promise<boolean> => {
    const held = await table.update(tableKeys.owedCommitment(id), {
      update: 'SET #leaseUntil = :leaseUntil, #attempts = :attempts',
      condition: '#holder = :holder',
      names: ['leaseUntil', 'attempts', 'holder'],
      values: { leaseUntil: clock() + leaseMs, attempts, holder },
    });
    return held !== undefined;
  };

  return {
    leaseMs,
    hold,
    keep: async ({ request, ...facts }) => {
      const { id, attempts } = facts;
      const pieces = inPieces(request.references);
      const item: OwedCommitmentItem = {
        ...facts,
        transactionUid: request.transactionUid,
        pieces: pieces.length,
        holder,
        leaseUntil: clock() + leaseMs,
      };
      await table.put(tableKeys.owedCommitment(id), item);
      await Promise.all(
        pieces.map((references, piece) =>
          table.put(tableKeys.owedReferences(id, piece), { references }),
        ),
      );
      if (await hold(id, attempts)) return true;
      await clearAway(id, pieces.length);
      return false;
    },
    free: async () => {
      const { pk, sk } = tableKeys.owedCommitment('');
      const items = await table.queryAll(pk, sk, OwedCommitmentItem);
      return items.filter(({ leaseUntil }) => leaseUntil <= clock()).map(({ id }) => id);
    },
    take: async (id) => {
      const taken = await table.update(tableKeys.owedCommitment(id), {
        update: 'SET #holder = :holder, #leaseUntil = :leaseUntil',
        condition: '#leaseUntil <= :now',
        names: ['holder', 'leaseUntil'],
        values: { holder, leaseUntil: clock() + leaseMs, now: clock() },
      });
      if (taken === undefined) return undefined;
      const { transactionUid, pieces, ...item } = OwedCommitmentItem.parse(taken);
      const found = await table.queryAll(partition(id), prefix, OwedReferencesItem);
      if (found.length < pieces) {
        await clearAway(id, pieces);
        return undefined;
      }
      const references = found.flatMap((piece) =>
        piece.references.map(([sopClassUid, sopInstanceUid]) => ({ sopClassUid, sopInstanceUid })),
      );
      const { associationId, calledAeTitle, callingAeTitle, remoteAddress, attempts } = item;
      const facts = { associationId, calledAeTitle, callingAeTitle, remoteAddress };
      return { id, ...facts, attempts, request: { transactionUid, references } };
    },
    release: async (id) => {
      await table.update(tableKeys.owedCommitment(id), {
        update: 'SET #leaseUntil = :leaseUntil',
        condition: '#holder = :holder',
        names: ['leaseUntil', 'holder'],
        values: { leaseUntil: 0, holder },
      });
    },
    settle: async (id) => {
      const item = await table.get(tableKeys.owedCommitment(id), OwedCommitmentItem);
      if (item !== undefined) await clearAway(id, item.pieces);
    },
  };
};
