/**
 * The configuration of MONAI Deploy Informatics Gateway: what its REST API lists (`/config/ae`, `/config/source`,
 * `/config/destination`).
 */
import { Importer, numberOf, textOf, textsOf, type Fields, type Imported } from './imported.ts';
import { importDestination, importSource } from './peers.ts';
import { importEntry, importThings, namedAeTitle, type ThingReaders } from './things.ts';

/** The gateway's default: Study Instance UID. */
const DEFAULT_GROUPING = '0020,000D';
const DEFAULT_TIMEOUT = 5;

/** Of an AE title: what is read here, and what only says who changed it and when. */
const KNOWN_FIELDS = new Set([
  ...['name', 'aetitle', 'grouping', 'timeout', 'workflows', 'pluginassemblies'],
  ...['ignoredsopclasses', 'allowedsopclasses'],
  ...['createdby', 'updatedby', 'datetimecreated', 'datetimeupdated', 'id'],
]);

const LEVELS: Readonly<Record<string, string>> = {
  '0010,0020': 'Patient',
  '0020,000D': 'Study',
  '0020,000E': 'Series',
};

const groupByOf = (fields: Fields): string => {
  const written = textOf(fields, 'grouping') ?? textsOf(fields, 'grouping')[0] ?? DEFAULT_GROUPING;
  return LEVELS[written.toUpperCase()] ?? written;
};

/** What the gateway has and Gantry does not. */
const tellOthers = (fields: Fields, aeTitle: string, what: string, importer: Importer): void => {
  const name = textOf(fields, 'name');
  if (name !== undefined && name !== aeTitle) {
    importer.tell('changed', what, `the name "${name}" goes: it is called ${aeTitle}`);
  }
  for (const plugIn of textsOf(fields, 'pluginassemblies')) {
    const message = `its plug-in ${plugIn.split(',')[0] ?? ''} is a class of the gateway; a job processor or a rule of a pipeline can do such things`;
    importer.tell('cannot', what, message);
  }
  for (const field of fields.keys()) {
    if (!KNOWN_FIELDS.has(field))
      importer.tell('cannot', what, `the setting ${field} is not known here`);
  }
  if (textsOf(fields, 'workflows').length === 0) {
    const message =
      'names no workflow; here it gets the pipeline "default": every installed service is asked';
    importer.tell('changed', what, message);
  }
};

const importAeTitle = (fields: Fields, importer: Importer): void => {
  const named = namedAeTitle(fields, importer);
  if (named === undefined) return;
  const { aeTitle, what } = named;
  const found = new Importer();
  const timeout = fields.get('timeout');
  const workflows = textsOf(fields, 'workflows');
  const lists = {
    ignore: textsOf(fields, 'ignoredsopclasses'),
    accept: textsOf(fields, 'allowedsopclasses'),
  };
  const entry = {
    groupBy: groupByOf(fields),
    timeout: found.timeout(what, numberOf(timeout) ?? DEFAULT_TIMEOUT),
    ...Object.fromEntries(Object.entries(lists).filter(([, classes]) => classes.length > 0)),
    ...(workflows.length === 0
      ? {}
      : {
          pipelines: Object.fromEntries(
            workflows.map((name) => [
              name,
              found.pipeline(`${what}, workflow ${name}`, name, name),
            ]),
          ),
        }),
  };
  importEntry(aeTitle, entry, what, importer, found, () => {
    tellOthers(fields, aeTitle, what, importer);
  });
};

const KINDS: ThingReaders = {
  aeTitle: importAeTitle,
  sections: {
    ae: importAeTitle,
    aetitles: importAeTitle,
    source: importSource,
    sources: importSource,
    destination: importDestination,
    destinations: importDestination,
  },
  listedAt: 'GET /config/ae, /config/source and /config/destination',
  other: (_key, _value, where, importer) => {
    importer.tell('cannot', where, 'is a setting of the gateway itself');
  },
};

/** `document` is a list, one thing, or an object with lists. Throws NotImportable when there is nothing in it. */
export const importMonai = (document: unknown): Imported =>
  importThings(document, KINDS, "MONAI's informatics gateway");
