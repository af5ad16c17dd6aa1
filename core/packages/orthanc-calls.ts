/**
 * Where a package of dcm-processor 1 calls Orthanc: there is none here, so such a package is refused instead of
 * failing at its first patient. Texts are searched, not run: for the variables that held Orthanc's address, its
 * port, paths that only its REST API has, and client libraries. Comments of Python do not count.
 */

export interface OrthancCall {
  /** From 1 on. */
  readonly line: number;
  /** As it stands in the text. */
  readonly text: string;
}

const SIGNS = [
  /\bORTHANC_[A-Z_]+/,
  /\b(?:import|from)\s+(?:pyorthanc|orthanc\w*|beren)\b/,
  /^\s*(?:pyorthanc|orthanc[\w-]*|beren)\b/,
  /\/\/[^\s"'/]*orthanc[^\s"'/]*/i,
  /:8042\b/,
  /\/tools\/(?:create-dicom|find|lookup|execute-script|create-archive)\b/,
  /\bsimplified-tags\b/,
];

/** Of programs, settings and requirements; anything else in a package is data. */
const SEARCHED = /\.(?:py|sh|bash|json|ya?ml|toml|ini|cfg|conf|env|txt)$/i;

export const mayCallOrthanc = (path: string): boolean => SEARCHED.test(path);

/** Without the comment at its end; a `#` between quotation marks is none. */
const withoutComment = (line: string): string =>
  /^(?:[^#"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*/.exec(line)?.[0] ?? line;

const isPython = (path: string): boolean => path.toLowerCase().endsWith('.py');

/** At most one for each line. */
export const orthancCalls = (path: string, text: string): readonly OrthancCall[] =>
  text.split(/\r?\n/).flatMap((line, index) => {
    const code = isPython(path) && line.includes('#') ? withoutComment(line) : line;
    const found = SIGNS.flatMap((sign) => sign.exec(code)?.[0] ?? [])[0];
    return found === undefined ? [] : [{ line: index + 1, text: found.trim() }];
  });
