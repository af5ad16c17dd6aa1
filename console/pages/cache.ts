/** A cache: choose among its studies, compose a session of them, or clean them up. */
import {
  CachedPatientPage,
  CachedSeriesPage,
  CachedStudyPage,
  Cleaned,
  Composed,
} from '../../core/contracts/api-cache.ts';
import {
  AeTitlePage,
  PipelinePage,
  type AeTitle,
  type Pipeline,
} from '../../core/contracts/api-configuration.ts';
import { CACHE_PROCESSOR } from '../../core/contracts/names.ts';
import { apiPath } from '../lib/api-client.ts';
import { failureSentences } from '../lib/failures.ts';
import { element, type View } from '../lib/view.ts';
import { count } from '../lib/words.ts';
import {
  compositionOf,
  isMeant,
  missing,
  patientKey,
  type Choice,
  type Patient,
  type Study,
} from './cache-choice.ts';
import { cleaningQuestion, composeForm } from './cache-actions.ts';
import { cacheTable, type Series } from './cache-table.ts';
import type { Page, PageContext } from './page.ts';
import { empty, sessionAddress } from './parts.ts';

const EVERY_MS = 5000;
/** The latest ones; older ones are found with the CLI, or when these have been cleaned up. */
const MOST = 2000;

interface Loaded {
  readonly caches: readonly AeTitle[];
  readonly pipelines: readonly Pipeline[];
  readonly patients: readonly Patient[];
  readonly studies: readonly Study[];
  readonly more: boolean;
}

const cacheAddress = (aeTitle: string): string => `#/cache/${encodeURIComponent(aeTitle)}`;

const freshName = (): string => `console-${crypto.randomUUID().slice(0, 8)}`;

/** `named`: the cache to show; the first one if empty. */
export const cachePage = ({ api, redraw, reload, notify }: PageContext, named: string): Page => {
  let loaded: Loaded | undefined;
  let aeTitle = named;
  const chosen = new Set<string>();
  const series = new Map<string, readonly Series[] | undefined>();
  const form = { pipeline: '', priority: '', acrossPatients: false, filter: '', name: freshName() };
  let busy = false;
  let asked = false;

  const chosenStudies = (): Study[] =>
    loaded?.studies.filter(({ studyInstanceUid }) => chosen.has(studyInstanceUid)) ?? [];

  const choice = (): Choice => ({ aeTitle, studies: chosenStudies(), ...form });

  /** Another choice is another session, and whoever ticked "several patients" meant those that were there. */
  const chosenAnew = (): void => {
    form.acrossPatients = false;
    form.name = freshName();
  };

  const loadSeries = async (study: string): Promise<void> => {
    try {
      const query = { aeTitle, study };
      const { items } = await api.list(CachedSeriesPage, '/cache/series', query, MOST);
      if (series.has(study)) series.set(study, items);
    } catch (error) {
      series.delete(study);
      notify({ kind: 'failed', sentences: failureSentences(error) });
    }
    redraw();
  };

  const compose = async (): Promise<void> => {
    busy = true;
    redraw();
    try {
      const made = await api.post(Composed, '/cache/compose', compositionOf(choice()));
      notify({
        kind: 'done',
        sentences: [`A session of ${count(made.instances, 'image', 'images')} was made.`],
        link: { href: sessionAddress(made.sessionId), text: `Session ${made.sessionId}` },
      });
      chosen.clear();
      chosenAnew();
    } catch (error) {
      notify({ kind: 'failed', sentences: failureSentences(error) });
    }
    busy = false;
    redraw();
  };

  const clean = async (studies: readonly Study[]): Promise<void> => {
    busy = true;
    redraw();
    let images = 0;
    let done = 0;
    try {
      for (const { studyInstanceUid: uid } of studies) {
        const path = apiPath('cache', aeTitle, 'studies', uid, 'clean');
        images += (await api.post(Cleaned, path)).instances;
        done += 1;
        chosen.delete(uid);
        series.delete(uid);
      }
      chosenAnew();
      notify({
        kind: 'done',
        sentences: [
          `${count(done, 'study', 'studies')} with ${count(images, 'image', 'images')} handed over to be deleted.`,
        ],
      });
    } catch (error) {
      notify({
        kind: 'failed',
        sentences: [
          `${done} of ${count(studies.length, 'study', 'studies')} handed over; then it was refused.`,
          ...failureSentences(error),
        ],
      });
    }
    busy = false;
    reload();
  };

  const caches = (all: readonly AeTitle[]): View =>
    all.length > 1 &&
    element(
      'nav',
      { class: 'caches', 'aria-label': 'Caches' },
      all.map((one) =>
        element(
          'a',
          {
            key: one.aeTitle,
            href: cacheAddress(one.aeTitle),
            ...(one.aeTitle === aeTitle ? { 'aria-current': 'page' } : {}),
          },
          one.aeTitle,
        ),
      ),
    );

  const overview = ({ patients, studies, more }: Loaded): View =>
    element(
      'p',
      {},
      `${aeTitle} has ${count(studies.length, 'study', 'studies')} of ${count(patients.length, 'patient', 'patients')}.`,
      more && ` Only the latest ${MOST} studies are shown.`,
    );

  const filter = (): View =>
    element(
      'div',
      { class: 'row filter' },
      element('label', { for: 'filter' }, 'Show only'),
      element('input', {
        id: 'filter',
        type: 'search',
        value: form.filter,
        autocomplete: 'off',
        placeholder: 'name, Patient ID, accession, description, modality, date',
        oninput: ({ value }) => {
          form.filter = value;
          redraw();
        },
      }),
    );

  const studiesShown = ({ patients, studies }: Loaded): Study[] => {
    const patientOf = new Map(patients.map((patient) => [patientKey(patient), patient]));
    return studies.filter((study) => isMeant(form.filter, study, patientOf.get(patientKey(study))));
  };

  const actions = (known: Loaded): View =>
    composeForm({
      choice: choice(),
      pipelines: known.pipelines,
      priority: known.caches.find((one) => one.aeTitle === aeTitle)?.priority ?? 'normal',
      busy,
      missing: missing(choice()),
      set: (values) => {
        Object.assign(form, values);
        redraw();
      },
      compose: () => void compose(),
      clean: () => {
        asked = true;
        redraw();
      },
    });

  const question = (known: Loaded): View => {
    const studies = chosenStudies();
    const close = (): void => {
      asked = false;
      redraw();
    };
    return cleaningQuestion({
      aeTitle,
      studies,
      patients: known.patients,
      onCancel: close,
      onConfirm: () => {
        close();
        void clean(studies);
      },
    });
  };

  const content = (known: Loaded): View => {
    if (known.caches.length === 0) {
      return empty(
        'No AE title is a cache. One becomes a cache with: gantry ae-title set NAME --processor cache',
      );
    }
    if (!known.caches.some((one) => one.aeTitle === aeTitle)) {
      return [
        caches(known.caches),
        empty(`${aeTitle} is no AE title with the processor ${CACHE_PROCESSOR}.`),
      ];
    }
    if (known.studies.length === 0) {
      return [
        caches(known.caches),
        empty(`${aeTitle} has no images. What is sent to it is listed here.`),
      ];
    }
    const studies = studiesShown(known);
    return [
      caches(known.caches),
      overview(known),
      filter(),
      studies.length === 0
        ? empty(`Nothing that ${aeTitle} has fits “${form.filter}”.`)
        : cacheTable({
            patients: known.patients,
            studies,
            chosen,
            series,
            choose: (some, wanted) => {
              for (const { studyInstanceUid: uid } of some) {
                if (wanted) chosen.add(uid);
                else chosen.delete(uid);
              }
              chosenAnew();
              redraw();
            },
            toggleSeries: ({ studyInstanceUid: uid }) => {
              if (series.delete(uid)) redraw();
              else {
                series.set(uid, undefined);
                void loadSeries(uid);
              }
            },
          }),
      actions(known),
      asked && question(known),
    ];
  };

  return {
    title: () => (aeTitle === '' ? 'Cache' : `Cache ${aeTitle}`),
    everyMs: () => EVERY_MS,
    load: async () => {
      const [aeTitles, pipelines] = await Promise.all([
        api.list(AeTitlePage, '/ae-titles', {}, MOST),
        api.list(PipelinePage, '/pipelines', {}, MOST),
      ]);
      const known = aeTitles.items.filter(({ processor }) => processor === CACHE_PROCESSOR);
      if (aeTitle === '') aeTitle = known[0]?.aeTitle ?? '';
      const nothing = { items: [], more: false };
      const isKnown = known.some((one) => one.aeTitle === aeTitle);
      const [patients, studies] = isKnown
        ? await Promise.all([
            api.list(CachedPatientPage, '/cache/patients', { aeTitle }, MOST),
            api.list(CachedStudyPage, '/cache/studies', { aeTitle }, MOST),
          ])
        : [nothing, nothing];
      loaded = {
        ...{ caches: known, pipelines: pipelines.items },
        ...{ patients: patients.items, studies: studies.items, more: studies.more },
      };
      // What is gone is chosen no more.
      const there = new Set(studies.items.map(({ studyInstanceUid }) => studyInstanceUid));
      for (const uid of chosen) if (!there.has(uid)) chosen.delete(uid);
      await Promise.all([...series.keys()].map(loadSeries));
    },
    view: () => loaded !== undefined && content(loaded),
  };
};
