/**
 * The images of a job's object, staged: the series of a series, study or patient of the group, found by the
 * `_id` of its headers, and the access that the job's service code gets to them.
 */
import type { PatientDocument, SeriesDocument } from '../../core/planning/documents.ts';
import { peerUid } from '../../core/planning/documents.ts';
import { firstSender, senderPeer, type JobAccess } from '../endpoint/job-access.ts';
import type { GroupInUse, StagedFile } from '../staging/group-cache.ts';
import type { AttemptFolder } from './attempt-folder.ts';
import type { ServiceJob } from './job-document.ts';

/** The group's manifest does not have the object that the job is for. */
export class ObjectNotInGroup extends Error {
  override readonly name = 'ObjectNotInGroup';

  constructor() {
    super("the object of the job is not in the group's manifest");
  }
}

/** The series of the object with this `_id`; undefined when the group has no such object. */
export const seriesOfObject = (
  patients: readonly PatientDocument[],
  objectId: string,
): readonly SeriesDocument[] | undefined => {
  for (const patient of patients) {
    if (patient.objectId === objectId) return patient.studies.flatMap(({ series }) => series);
    for (const study of patient.studies) {
      if (study.objectId === objectId) return study.series;
      const series = study.series.find((one) => one.objectId === objectId);
      if (series !== undefined) return [series];
    }
  }
  return undefined;
};

/** The event of every object of a group, by the object's `_id`. */
const eventsByObject = (patients: readonly PatientDocument[]): Map<string, string> => {
  const events = new Map<string, string>();
  for (const patient of patients) {
    events.set(patient.objectId, 'stable-patient');
    for (const study of patient.studies) {
      events.set(study.objectId, 'stable-study');
      for (const series of study.series) events.set(series.objectId, 'stable-series');
    }
  }
  return events;
};

/** Stages the job's images; what the job may reach through the endpoint. */
export const stageJobObject = async (
  { job, event, objectId }: ServiceJob,
  group: GroupInUse,
  folder: AttemptFolder,
): Promise<JobAccess> => {
  const series = seriesOfObject(group.patients, objectId);
  if (series === undefined) throw new ObjectNotInGroup();
  const staged = await Promise.all(
    series.map(async (one): Promise<[string, readonly StagedFile[]]> => [
      one.objectId,
      await folder.giveImages(await group.stage(one)),
    ]),
  );
  const sender = firstSender(series);
  return {
    sessionId: job.sessionId,
    jobId: job.id,
    writer: { nodeId: job.nodeId, attempt: job.attempt },
    jobName: job.name,
    event,
    objectId,
    eventOfObject: eventsByObject(group.patients),
    series: new Map(staged),
    peer: senderPeer(peerUid(sender), sender),
    spoolFolder: folder.spool,
  };
};
