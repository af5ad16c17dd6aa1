/**
 * Libraries that registry callbacks of dcm-processor find in its own Python and that ours do not have: a package
 * that imports one is told so when it is installed, before its callback breaks.
 */

const ONLY_IN_THE_ORIGINAL = new Set([
  ...['bson', 'dcm2niix', 'docker', 'gridfs', 'magic', 'mqas', 'nibabel', 'numpy', 'psutil'],
  ...['dcm_processor', 'dcm_processor_db_provider', 'dcm_processor_job_scheduler', 'pymongo'],
  ...['dcm_processor_service', 'dcm_processor_utils', 'dcm_processor_worker', 'tabulate', 'yaml'],
]);

const IMPORT = /^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([^#\n]+))/gm;

const namesIn = (text: string): string[] =>
  [...text.matchAll(IMPORT)].flatMap(([, from, list]) =>
    (from ?? list ?? '').split(',').map((name) => /^\w*/.exec(name.trim())?.[0] ?? ''),
  );

/** A note for each library, with the first file that imports it; `sources` are Python texts of the registry by path. */
export const notesOnRegistryImports = (sources: ReadonlyMap<string, string>): string[] => {
  const first = new Map<string, string>();
  for (const [path, text] of sources) {
    for (const name of namesIn(text)) {
      if (ONLY_IN_THE_ORIGINAL.has(name) && !first.has(name)) first.set(name, path);
    }
  }
  return [...first].map(
    ([name, path]) =>
      `${path} imports ${name}, which registry callbacks do not have: they have pydicom, pynetdicom and requests`,
  );
};
