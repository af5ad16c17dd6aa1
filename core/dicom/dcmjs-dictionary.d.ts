/** The data dictionary of dcmjs (PS3.6, generated from the standard); the package has no types of its own. */
declare module 'dcmjs/dictionary' {
  export interface DictionaryEntry {
    /** `(gggg,eeee)`; repeating groups have a range in place of one number. */
    readonly tag: string;
    readonly vr?: string;
    /** The keyword; a retired attribute's begins with `RETIRED_`. */
    readonly name: string;
    readonly version: string;
  }
  export const dictionary: Readonly<Record<string, DictionaryEntry>>;
}
