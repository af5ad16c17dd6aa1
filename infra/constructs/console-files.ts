/**
 * The console as files beside the bundle of the function that serves them: its program as one script, and page,
 * style and icon as they are.
 */
const REPOSITORY = new URL('../..', import.meta.url).pathname;

/** Shell commands that put them into a folder. That nothing of Node is used, a test sees to. */
export const consoleFiles = (outputDirectory: string): string[] => [
  [
    `"${REPOSITORY}node_modules/.bin/esbuild" "${REPOSITORY}console/main.ts"`,
    '--bundle --minify --format=esm --target=es2023 --log-level=warning --log-override:import-is-undefined=silent',
    `--outfile="${outputDirectory}/console.js"`,
  ].join(' '),
  ...['index.html', 'console.css', 'icon.svg'].map(
    (name) => `cp "${REPOSITORY}console/${name}" "${outputDirectory}/${name}"`,
  ),
];
