/** JSON as .NET reads its `appsettings.json`: with comments of both kinds, and commas before a closing bracket. */

/** A string, a comment, or a comma that nothing follows but space and a bracket; whatever comes first. */
const TOKEN = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const LAST_COMMA = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g;

const keepStrings = (text: string, pattern: RegExp): string =>
  text.replace(pattern, (_match, string: string | undefined) => string ?? '');

/** Throws a SyntaxError for what is no JSON beside these. */
export const parseJsonWithComments = (text: string): unknown =>
  JSON.parse(keepStrings(keepStrings(text.replace(/^\uFEFF/, ''), TOKEN), LAST_COMMA)) as unknown;
