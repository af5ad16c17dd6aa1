/** Other gateways' configurations, as their documentation has them: what maps, what is changed, what cannot be taken over. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../../core/configuration/read-configuration.ts';
import { importClara } from '../../../core/imports/clara.ts';
import { NotImportable, type Imported } from '../../../core/imports/imported.ts';
import { parseJsonWithComments } from '../../../core/imports/json-with-comments.ts';
import { importMonai } from '../../../core/imports/monai.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'imports');
const fixture = (name: string): unknown =>
  parseJsonWithComments(readFileSync(join(FIXTURES, name), 'utf8'));

const told = ({ findings }: Imported, outcome: string): string[] =>
  findings
    .filter((finding) => finding.outcome === outcome)
    .map(({ what, message }) => `${what}: ${message}`);

/** As `apply` reads it, on an empty installation. */
const problemsOf = ({ configuration }: Imported) => {
  const nothing = { aeTitles: [], sources: [], destinations: [], pipelines: [] };
  const reading = readConfiguration(
    { ...configuration },
    { ...nothing, services: [], workers: [] },
    new Map(),
    { keep: true, installFirst: false, processors: new Map() },
  );
  return reading.ok ? [] : reading.problems;
};

describe("an import from Clara's DICOM adapter", () => {
  it('takes AE titles, sources and destinations of an appsettings.json over', () => {
    const imported = importClara(fixture('clara-appsettings.json'));

    expect(imported.configuration).toEqual({
      aeTitles: {
        BrainTumorModel: {
          groupBy: '0010,0020',
          timeout: 5,
          jobRetryDelay: 100,
          priority: 'higher',
          pipelines: { 'brain-tumor': '7b9cda79ed834fdc87cd4169216c4011' },
          ignore: ['1.2.840.10008.5.1.4.1.1.7'],
          duplicates: 'replace',
        },
      },
      sources: { ORTHANC: { hosts: ['10.20.100.200', '10.20.100.201'] } },
      destinations: { 'my-pacs': { aeTitle: 'ARCHIVEX', host: '10.20.30.40', port: 104 } },
      pipelines: {
        '7b9cda79ed834fdc87cd4169216c4011': { name: 'brain-tumor', services: ['brain-tumor'] },
      },
    });
    expect(problemsOf(imported)).toEqual([]);
  });

  it('tells what was raised or renamed, and what cannot be taken over and why', () => {
    const imported = importClara(fixture('clara-appsettings.json'));

    expect(told(imported, 'changed')).toEqual([
      expect.stringMatching(/^AE title BrainTumorModel: timeout 2 .* raised to 5/),
      expect.stringMatching(
        /pipeline-brain-tumor: becomes the pipeline "7b9c.* gantry pipeline set/,
      ),
      'AE title BrainTumorModel: the name "brain-tumor" goes: it is called BrainTumorModel',
      'destination my pacs: is called "my-pacs"',
    ]);
    expect(told(imported, 'cannot')).toEqual([
      'dicom.scp.port: is a setting of the adapter itself',
      'dicom.scp.maximumNumberOfAssociations: is a setting of the adapter itself',
      expect.stringMatching(/^AE title BrainTumorModel: the setting otherSettings/),
      expect.stringMatching(/^AE title OWN: its job processor Hospital\.Processors/),
      expect.stringMatching(/^source CT1: hosts: "modality.local" is no IP address/),
      'dicom.scu.aeTitle: is a setting of the adapter itself',
    ]);
  });

  it('takes a list of its REST API over, and refuses an AE title with all that is wrong with it', () => {
    const imported = importClara(fixture('clara-claraaetitle.json'));

    expect(imported.configuration.aeTitles).toEqual({
      LIVERAET: {
        groupBy: 'Study',
        timeout: 60,
        priority: 'normal',
        pipelines: {
          lung: '8abf244aff7647989d4f6b3987a85759',
          heart: 'c5f996a71e1d4959bd6a2c8cf7130f88',
        },
      },
    });
    expect(told(imported, 'cannot')).toEqual([
      expect.stringMatching(/^AE title BROKEN: groupBy: /),
      expect.stringMatching(/^AE title BROKEN: priority: /),
    ]);
    expect(problemsOf(imported)).toEqual([]);
  });

  it('says where AE titles are told when the settings of the adapter have none', () => {
    const scp = { port: 104, rejectUnknownSources: true };
    const imported = importClara({
      DicomAdapter: { dicom: { scp }, storage: { temporary: '/p' } },
    });

    expect(imported.configuration.aeTitles).toEqual({});
    expect(told(imported, 'cannot')).toContainEqual(
      expect.stringMatching(/^AE titles, sources and destinations: .*claraaetitle/),
    );
    expect(told(importClara({ claraAeTitles: [], port: 104 }), 'cannot')).toHaveLength(1);
  });

  it.each([[{}], [[]], [7], [null]])('finds nothing in %j, and says so', (document) => {
    expect(() => importClara(document)).toThrow(NotImportable);
  });
});

describe("an import from MONAI's informatics gateway", () => {
  it('takes AE titles, sources and destinations over', () => {
    const imported = importMonai(fixture('monai.json'));

    expect(imported.configuration).toEqual({
      aeTitles: {
        BrainTumorModel: {
          groupBy: 'Series',
          timeout: 5,
          ignore: ['1.2.840.10008.5.1.4.1.1.1.1'],
          pipelines: {
            'brain-tumor': 'brain-tumor',
            'b75cd27a-068a-4f9c-b3da-e5d4ea08c55a': 'b75cd27a-068a-4f9c-b3da-e5d4ea08c55a',
          },
        },
        LIVERSEG: { groupBy: 'Study', timeout: 30, accept: ['1.2.840.10008.5.1.4.1.1.2'] },
      },
      sources: { PACSUSEAST: { hosts: ['10.20.3.4'] }, PACSUSWEST: { hosts: ['10.50.3.4'] } },
      destinations: { USEAST: { aeTitle: 'PACSUSEAST', host: '10.20.3.4', port: 104 } },
      pipelines: {
        'brain-tumor': { name: 'brain-tumor', services: ['brain-tumor'] },
        'b75cd27a-068a-4f9c-b3da-e5d4ea08c55a': {
          name: 'b75cd27a-068a-4f9c-b3da-e5d4ea08c55a',
          services: ['b75cd27a-068a-4f9c-b3da-e5d4ea08c55a'],
        },
      },
    });
    expect(problemsOf(imported)).toEqual([]);
  });

  it('tells what was changed, and what cannot be taken over and why', () => {
    const imported = importMonai(fixture('monai.json'));

    expect(told(imported, 'changed')).toEqual([
      expect.stringMatching(/^AE title BrainTumorModel: timeout 3 .* raised to 5/),
      expect.stringMatching(/workflow brain-tumor: becomes the pipeline/),
      expect.stringMatching(/workflow b75cd27a/),
      expect.stringMatching(/^AE title BrainTumorModel: the name "brain-tumor" goes/),
      expect.stringMatching(/^AE title LIVERSEG: names no workflow/),
      'source USEAST: is called by its AE title, PACSUSEAST',
    ]);
    expect(told(imported, 'cannot')).toEqual([
      expect.stringMatching(/^AE title BrainTumorModel: its plug-in Monai\.Deploy/),
      'destination NOPORT: port: 0 is no port: 1 to 65535',
      'storage.bucketName: is a setting of the gateway itself',
    ]);
  });
});

describe('a setting of an AE title that is not known', () => {
  it.each([
    ['Clara', importClara],
    ['MONAI', importMonai],
  ])('is told as not taken over, from %s', (_, importing) => {
    const imported = importing([{ aeTitle: 'CT1', name: 'CT1', sharpness: 7 }]);

    expect(told(imported, 'cannot')).toEqual([
      'AE title CT1: the setting sharpness is not known here',
    ]);
  });

  it('is every one of the other gateway', () => {
    const imported = importMonai([{ aeTitle: 'CT1', processorSettings: { timeout: '60' } }]);

    expect(told(imported, 'cannot')).toEqual([
      'AE title CT1: the setting processorsettings is not known here',
    ]);
  });
});

describe('JSON with comments', () => {
  it('reads any JSON as it is, whatever its texts look like', () => {
    const value = fc.jsonValue({ noUnicodeString: false });
    fc.assert(
      fc.property(value, fc.constantFrom('', '  '), (json, indent) => {
        const text = JSON.stringify(
          { json, odd: ['// no', '/* comment */', ',]', '\\"'] },
          null,
          indent,
        );

        expect(parseJsonWithComments(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('passes comments over, and commas that nothing follows', () => {
    const text = '\uFEFF{ "a": [1, 2, /* , */ ], // ]\n "b": "//", }';

    expect(parseJsonWithComments(text)).toEqual({ a: [1, 2], b: '//' });
  });
});
