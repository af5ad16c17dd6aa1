/** The headers of a group's patients for jobs that were written for dcm-processor 1: read from the stored images. */
import type { ServiceItem } from '../../core/contracts/configuration.ts';
import type { GroupManifest } from '../../core/contracts/items.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import {
  simplifiedTagNumbers,
  simplifiedTags,
  type SimplifiedTags,
} from '../../core/dicom/simplified-tags.ts';
import { storedHeader } from '../../core/dicom/stored-header.ts';
import { describeGroup } from '../../core/planning/documents.ts';
import type { V1Headers } from '../../core/planning/level.ts';
import { v1Headers } from '../../core/planning/v1-headers.ts';
import { inParallel } from '../../core/running/concurrency.ts';

/** Headers of first instances that are read at a time. */
const READS_AT_A_TIME = 16;

/** Nothing is read when no job needs it. Images whose header is broken have the tags before the fault. */
export const v1HeadersOf = async (
  manifest: GroupManifest,
  services: readonly ServiceItem[],
  objects: Pick<ObjectStore, 'getStream'>,
): Promise<V1Headers> => {
  if (!services.some(({ jobs }) => jobs.some(({ v1 }) => v1 === true))) return new Map();
  const patients = describeGroup(manifest);
  const series = patients.flatMap(({ studies }) => studies.flatMap((study) => study.series));
  const wanted = simplifiedTagNumbers();
  const tags = await inParallel(
    series,
    READS_AT_A_TIME,
    async ({ objectId, instances: [first] }): Promise<[string, SimplifiedTags]> => [
      objectId,
      first === undefined
        ? {}
        : simplifiedTags(await storedHeader(objects, first.instance, wanted)),
    ],
  );
  const tagsById = new Map(tags);
  return new Map(
    patients.map((patient) => [
      patient.objectId,
      v1Headers(patient, ({ objectId }) => tagsById.get(objectId) ?? {}),
    ]),
  );
};
