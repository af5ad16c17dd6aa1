/**
 * The configuration of NVIDIA Clara DICOM Adapter: what its REST API lists (`/api/config/claraaetitle`,
 * `sourceaetitle`, `destinationaetitle`), or an `appsettings.json` that has them below `DicomAdapter.dicom`, where
 * earlier versions kept them.
 */
import {
  fieldsOf,
  Importer,
  numberOf,
  plainKey,
  textOf,
  textsOf,
  type Fields,
  type Imported,
} from './imported.ts';
import { importDestination, importSource } from './peers.ts';
import { importEntry, importThings, namedAeTitle, type ThingReaders } from './things.ts';

/** Of an AE title: what is read here, and what is the file's own. */
const KNOWN_FIELDS = new Set([
  ...['name', 'aetitle', 'processor', 'processorsettings', 'ignoredsopclasses'],
  ...['overwritesameinstance', 'apiversion', 'kind', 'metadata', 'id'],
]);

const PIPELINE_PREFIX = 'pipeline-';
/** The adapter's default processor, as a .NET type name with or without its assembly. */
const AE_TITLE_PROCESSOR = /(^|\.)AeTitleJobProcessor(,|$)/i;

/** The processor's settings as those of an AE title. */
const importSettings = (
  settings: Readonly<Record<string, unknown>>,
  what: string,
  importer: Importer,
): Record<string, unknown> => {
  const entry: Record<string, unknown> = {};
  const pipelines: Record<string, string> = {};
  for (const [key, value] of Object.entries(settings)) {
    const number = numberOf(value);
    const known = plainKey(key);
    if (key.toLowerCase().startsWith(PIPELINE_PREFIX) && typeof value === 'string') {
      const name = key.slice(PIPELINE_PREFIX.length);
      pipelines[name] = importer.pipeline(`${what}, ${key}`, name, value);
    } else if (known === 'timeout' && number !== undefined) {
      entry['timeout'] = importer.timeout(what, number);
    } else if (known === 'jobretrydelay' && number !== undefined) entry['jobRetryDelay'] = number;
    else if (known === 'priority') {
      entry['priority'] = typeof value === 'string' ? value.toLowerCase() : value;
    } else if (known === 'groupby') entry['groupBy'] = value;
    else importer.tell('cannot', what, `the setting ${key} is not known here`);
  }
  return Object.keys(pipelines).length === 0 ? entry : { ...entry, pipelines };
};

const tellOthers = (fields: Fields, what: string, importer: Importer): void => {
  const name = textOf(fields, 'name');
  const aeTitle = textOf(fields, 'aetitle');
  if (name !== undefined && aeTitle !== undefined && name !== aeTitle) {
    importer.tell('changed', what, `the name "${name}" goes: it is called ${aeTitle}`);
  }
  for (const field of fields.keys()) {
    if (!KNOWN_FIELDS.has(field))
      importer.tell('cannot', what, `the setting ${field} is not known here`);
  }
  if (fields.get('overwritesameinstance') !== true) {
    importer.tell('changed', what, 'an instance with other bytes than before is kept beside it');
  }
};

const importAeTitle = (fields: Fields, importer: Importer): void => {
  const named = namedAeTitle(fields, importer);
  if (named === undefined) return;
  const { aeTitle, what } = named;
  const processor = textOf(fields, 'processor');
  if (processor !== undefined && !AE_TITLE_PROCESSOR.test(processor)) {
    const reason = `its job processor ${processor} is a class of the adapter; write it anew, see docs/job-processors.md`;
    importer.tell('cannot', what, reason);
    return;
  }
  const written = fields.get('processorsettings') ?? {};
  const settings = typeof written === 'object' && !Array.isArray(written) ? written : {};
  const ignore = textsOf(fields, 'ignoredsopclasses');
  const found = new Importer();
  const entry = {
    groupBy: 'Study',
    ...importSettings({ ...settings }, what, found),
    ...(ignore.length === 0 ? {} : { ignore }),
    ...(fields.get('overwritesameinstance') === true ? { duplicates: 'replace' } : {}),
  };
  importEntry(aeTitle, entry, what, importer, found, () => {
    tellOthers(fields, what, importer);
  });
};

const tellUnknownSources = (value: unknown, importer: Importer): void => {
  if (value === false) {
    const message = 'is always so here: once there is a source, only sources may call';
    importer.tell('cannot', 'rejectUnknownSources', message);
  } else importer.tell('maps', 'rejectUnknownSources', 'only sources may call');
};

/** Settings of the adapter itself are those of the deployment here. */
const importOther = (key: string, value: unknown, where: string, importer: Importer): void => {
  if (plainKey(key) === 'rejectunknownsources') tellUnknownSources(value, importer);
  else importer.tell('cannot', where, 'is a setting of the adapter itself');
};

const KINDS: ThingReaders = {
  aeTitle: importAeTitle,
  sections: {
    aetitles: importAeTitle,
    claraaetitles: importAeTitle,
    claraaetitle: importAeTitle,
    sources: importSource,
    sourceaetitle: importSource,
    sourceaetitles: importSource,
    destinations: importDestination,
    destinationaetitle: importDestination,
    destinationaetitles: importDestination,
  },
  listedAt: 'GET /api/config/claraaetitle, …/sourceaetitle and …/destinationaetitle',
  other: importOther,
};

/** `document` is a list, one thing, or an object with lists. Throws NotImportable when there is nothing in it. */
export const importClara = (document: unknown): Imported => {
  const adapter = fieldsOf(document)?.get('dicomadapter');
  return importThings(adapter ?? document, KINDS, "Clara's DICOM adapter");
};
