/** Sources and destinations, which Clara's adapter and MONAI's gateway describe alike. */
import { readDestinationSettings } from '../configuration/destination-settings.ts';
import { readSourceSettings } from '../configuration/source-settings.ts';
import { asName, numberOf, textOf, type Fields, type Importer } from './imported.ts';

/** Known by its AE title: several of one are one source with several hosts. */
export const importSource = (fields: Fields, importer: Importer): void => {
  const aeTitle = textOf(fields, 'aetitle');
  const name = textOf(fields, 'name');
  const what = `source ${name ?? aeTitle ?? '(without a name)'}`;
  const host = textOf(fields, 'hostip');
  if (aeTitle === undefined || host === undefined) {
    importer.tell('cannot', what, 'needs aeTitle and hostIp');
    return;
  }
  const reading = readSourceSettings(aeTitle, { hosts: [host] }, undefined);
  if (!reading.ok) {
    importer.refuse(what, reading.problems);
    return;
  }
  const hosts = importer.hosts(reading.item.aeTitle);
  if (hosts === undefined) {
    importer.add('sources', reading.item.aeTitle, { hosts: [host] }, what);
  } else if (!hosts.includes(host)) hosts.push(host);
  if (name !== undefined && name !== aeTitle) {
    importer.tell('changed', what, `is called by its AE title, ${aeTitle}`);
  } else importer.tell('maps', what, `may call from ${host}`);
};

/** Known by its name; MONAI and Clara let a port be left out, and mean 0 then. */
export const importDestination = (fields: Fields, importer: Importer): void => {
  const aeTitle = textOf(fields, 'aetitle');
  const written = textOf(fields, 'name') ?? aeTitle ?? '';
  const what = `destination ${written === '' ? '(without a name)' : written}`;
  const host = textOf(fields, 'hostip');
  const port = numberOf(fields.get('port'));
  const name = asName(written);
  const settings = {
    ...(aeTitle === undefined ? {} : { aeTitle }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  };
  const reading = readDestinationSettings(name, settings, undefined);
  if (!reading.ok) {
    importer.refuse(what, reading.problems);
    return;
  }
  if (!importer.add('destinations', name, settings, what)) return;
  if (name === written)
    importer.tell('maps', what, `${aeTitle ?? ''} at ${host ?? ''}:${port ?? ''}`);
  else importer.tell('changed', what, `is called "${name}"`);
};
