/** An AE title of the tests, grouped by patient with the default settings. */
import { RECEPTION_DEFAULTS, type AeTitleItem } from '../../core/contracts/configuration.ts';

export const GANTRY_AE_TITLE: AeTitleItem = {
  aeTitle: 'GANTRY',
  processor: 'ae-title',
  groupBy: ['PatientID'],
  timeoutSeconds: 5,
  maxWaitSeconds: 3600,
  priority: 'normal',
  pipelines: {},
  late: 'new',
  lateWindowSeconds: 86_400,
  accept: [],
  ignore: [],
  jobRetryDelayMs: 5000,
  ...RECEPTION_DEFAULTS,
  retentionDays: 30,
};

export const anAeTitle = (facts: Partial<AeTitleItem>): AeTitleItem => ({
  ...GANTRY_AE_TITLE,
  ...facts,
});
