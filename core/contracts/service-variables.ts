/**
 * The nine environment variables that packages of dcm-processor know, and the database that they are told of:
 * packages pass it on and cannot do anything with it, for there is no database for service code.
 */
import type { JobItem } from './items.ts';

export const DATABASE = { provider: 'gantry', name: 'gantry', url: '' } as const;

export const serviceVariables = (
  job: Pick<JobItem, 'sessionId' | 'id' | 'event' | 'name' | 'service'>,
  headers: Readonly<Record<string, unknown>>,
): Record<string, string> => {
  const peer = headers['PeerUID'];
  return {
    'DCM-PROCESSOR-SERVICE-DB-PROVIDER': DATABASE.provider,
    'DCM-PROCESSOR-SERVICE-DB-URL': DATABASE.url,
    'DCM-PROCESSOR-SERVICE-DB-NAME': DATABASE.name,
    'DCM-PROCESSOR-SERVICE-SESSION-ID': job.sessionId,
    'DCM-PROCESSOR-SERVICE-JOB-ID': job.id,
    'DCM-PROCESSOR-SERVICE-JOB-EVENT': job.event ?? '',
    'DCM-PROCESSOR-SERVICE-JOB-NAME': job.name,
    'DCM-PROCESSOR-SERVICE-JOB-SERVICE-NAME': job.service ?? '',
    'DCM-PROCESSOR-SERVICE-PEER-ID': typeof peer === 'string' ? peer : '',
  };
};
