/** Reading another gateway's file thing by thing: a list, one thing, or an object with sections. */
import { readAeTitleSettings } from '../configuration/ae-title-settings.ts';
import { AeTitleName } from '../contracts/configuration.ts';
import {
  fieldsOf,
  Importer,
  NotImportable,
  plainKey,
  textOf,
  type Fields,
  type Imported,
} from './imported.ts';
import { importDestination, importSource } from './peers.ts';

type ReadThing = (fields: Fields, importer: Importer) => void;

export interface ThingReaders {
  readonly aeTitle: ReadThing;
  /** By the plain key of a list. */
  readonly sections: Readonly<Record<string, ReadThing>>;
  /** Where the gateway tells what it has, for who brought a file without any of it. */
  readonly listedAt: string;
  /** A setting that is none of these. */
  readonly other: (key: string, value: unknown, where: string, importer: Importer) => void;
}

/** What an entry of AE titles is for, and what it is called in findings; undefined, and told, if that is no AE title. */
export const namedAeTitle = (
  fields: Fields,
  importer: Importer,
): { readonly aeTitle: string; readonly what: string } | undefined => {
  const written = textOf(fields, 'aetitle') ?? textOf(fields, 'name');
  const what = `AE title ${written ?? '(without a name)'}`;
  const title = AeTitleName.safeParse(written ?? '');
  if (title.success) return { aeTitle: title.data, what };
  importer.refuse(
    what,
    title.error.issues.map(({ message }) => ({ message })),
  );
  return undefined;
};

/** Takes an AE title over if all of its settings are right; the pipelines that were found for it come with it. */
export const importEntry = (
  aeTitle: string,
  entry: Record<string, unknown>,
  what: string,
  importer: Importer,
  found: Importer,
  tellMore: () => void,
): void => {
  const { configuration, findings } = found.imported();
  const pipelines = new Set(Object.keys(configuration.pipelines));
  const reading = readAeTitleSettings(aeTitle, entry, undefined, pipelines);
  if (!reading.ok) {
    importer.refuse(what, reading.problems);
    return;
  }
  if (!importer.add('aeTitles', aeTitle, entry, what)) return;
  importer.tell('maps', what, `with ${Object.keys(entry).join(', ')}`);
  importer.takeOver({ configuration, findings });
  tellMore();
};

/** In a list of no said kind: only destinations have ports, and only AE titles have no host. */
const ofAnyKind =
  ({ aeTitle }: ThingReaders): ReadThing =>
  (fields, importer) => {
    if (!fields.has('hostip')) aeTitle(fields, importer);
    else if (fields.has('port')) importDestination(fields, importer);
    else importSource(fields, importer);
  };

const importList = (
  list: readonly unknown[],
  where: string,
  read: ReadThing,
  importer: Importer,
): void => {
  for (const [index, thing] of list.entries()) {
    const fields = fieldsOf(thing);
    if (fields === undefined) importer.tell('cannot', `${where} ${index}`, 'is no object');
    else read(fields, importer);
  }
};

/** Whether there was a list of things, however long. */
const importSections = (
  document: object,
  path: string,
  readers: ThingReaders,
  importer: Importer,
): boolean => {
  let hasList = false;
  for (const [key, value] of Object.entries(document) as [string, unknown][]) {
    const where = path === '' ? key : `${path}.${key}`;
    const plain = plainKey(key);
    const read = Object.hasOwn(readers.sections, plain) ? readers.sections[plain] : undefined;
    if (read !== undefined && Array.isArray(value)) {
      hasList = true;
      importList(value, where, read, importer);
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      hasList = importSections(value, where, readers, importer) || hasList;
    } else readers.other(key, value, where, importer);
  }
  return hasList;
};

/** Throws NotImportable when there is nothing in the document. */
export const importThings = (
  document: unknown,
  readers: ThingReaders,
  gateway: string,
): Imported => {
  const importer = new Importer();
  const fields = fieldsOf(document);
  const read = ofAnyKind(readers);
  if (Array.isArray(document)) importList(document, 'entry', read, importer);
  else if (fields?.has('aetitle') === true) read(fields, importer);
  else if (typeof document === 'object' && document !== null) {
    const hasList = importSections(document, '', readers, importer);
    if (!hasList && importer.imported().findings.length > 0) {
      const message = `are not in the file; they are what ${readers.listedAt} answer: save each as a file, and import these`;
      importer.tell('cannot', 'AE titles, sources and destinations', message);
    }
  }
  const imported = importer.imported();
  if (imported.findings.length > 0) return imported;
  throw new NotImportable(`has neither AE titles nor sources nor destinations of ${gateway}`);
};
