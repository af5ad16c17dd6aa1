/** `gantry cache …` and `gantry compose`: what AE titles with the processor `cache` have, and sessions of it. */
import type { Command } from 'commander';
import {
  CachedPatientPage,
  CachedSeriesPage,
  CachedStudyPage,
  Cleaned,
  Composed,
} from '../../core/contracts/api-cache.ts';
import { apiPath } from '../lib/api-client.ts';
import { addCommand, collect } from '../lib/command.ts';
import { showTime } from '../lib/output.ts';

interface Filter {
  readonly aeTitle?: string;
  readonly patient?: string;
  readonly study?: string;
}

const filtered = (command: Command): Command =>
  command
    .option('--ae-title <title>', 'of this cache only')
    .option('--patient <id>', 'of this patient only')
    .option('--study <uid>', 'of this study only');

const NOTHING = 'nothing; an AE title caches with: gantry ae-title set NAME --processor cache';

const query = ({ aeTitle, patient, study }: Filter) => ({ aeTitle, patient, study });

const addLists = (group: Command): void => {
  addCommand<Filter>(
    group,
    'patients',
    'patients of whom a cache has images, the latest first',
    filtered,
    async ({ api, output }, _, filter) => {
      output.list(
        await api.list(CachedPatientPage, '/cache/patients', query(filter)),
        [
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'PATIENT', value: ({ patientId }) => patientId },
          { title: 'NAME', value: ({ patientName }) => patientName },
          { title: 'STUDIES', value: ({ studies }) => studies },
          { title: 'LAST', value: ({ lastReceivedAt }) => showTime(lastReceivedAt) },
        ],
        NOTHING,
      );
    },
  );
  addCommand<Filter>(
    group,
    'list',
    'studies that a cache has, the latest first',
    filtered,
    async ({ api, output }, _, filter) => {
      output.list(
        await api.list(CachedStudyPage, '/cache/studies', query(filter)),
        [
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'STUDY', value: ({ studyInstanceUid }) => studyInstanceUid },
          { title: 'PATIENT', value: ({ patientId }) => patientId },
          { title: 'DATE', value: ({ studyDate }) => studyDate },
          { title: 'MODALITIES', value: ({ modalities }) => modalities.join(' ') },
          { title: 'SERIES', value: ({ series }) => series },
          { title: 'LAST', value: ({ lastReceivedAt }) => showTime(lastReceivedAt) },
        ],
        NOTHING,
      );
    },
  );
  addCommand<Filter>(
    group,
    'series',
    'series that a cache has, the latest first',
    filtered,
    async ({ api, output }, _, filter) => {
      output.list(
        await api.list(CachedSeriesPage, '/cache/series', query(filter)),
        [
          { title: 'AE TITLE', value: ({ aeTitle }) => aeTitle },
          { title: 'SERIES', value: ({ seriesInstanceUid }) => seriesInstanceUid },
          { title: 'STUDY', value: ({ studyInstanceUid }) => studyInstanceUid },
          { title: 'MODALITY', value: ({ modality }) => modality },
          { title: 'DESCRIPTION', value: ({ description }) => description },
        ],
        NOTHING,
      );
    },
  );
};

interface ComposeOptions {
  readonly pipeline: string;
  readonly priority?: string;
  readonly study: string[];
  readonly aeTitle?: string;
  readonly acrossPatients?: boolean;
  readonly name?: string;
}

export const addCacheCommands = (program: Command): void => {
  const group = program.command('cache').description('what AE titles that only collect have');
  addLists(group);
  addCommand<{ aeTitle: string; study: string[] }>(
    group,
    'clean',
    'hands studies over to the storage space reclaimer',
    (command) =>
      command
        .requiredOption('--ae-title <title>', 'the cache')
        .requiredOption('--study <uid>', 'a study; several times for several', collect),
    async ({ api, output }, _, { aeTitle, study }) => {
      for (const uid of study) {
        const path = apiPath('cache', aeTitle, 'studies', uid, 'clean');
        const { instances } = await api.post(Cleaned, path, {});
        output.message(`${instances} instances of ${uid} handed over`);
      }
    },
  );
  addCommand<ComposeOptions>(
    program,
    'compose',
    'a session of chosen studies of a cache: exactly what it has of them now',
    (command) =>
      command
        .requiredOption('--pipeline <id>', 'the id of the pipeline')
        .requiredOption('--study <uid>', 'a study; several times for several', collect)
        .option('--priority <priority>', 'immediate, higher, normal or lower; else the AE title’s')
        .option('--ae-title <title>', 'the cache, if several have the studies')
        .option('--across-patients', 'the studies may be of several patients')
        .option('--name <name>', 'composing the same under the same name makes one session'),
    async ({ api, output }, _, options) => {
      const { pipeline, priority, study, aeTitle, acrossPatients, name } = options;
      const body = { pipeline, priority, studies: study, aeTitle, acrossPatients, name };
      output.object(await api.post(Composed, '/cache/compose', body));
    },
  );
};
