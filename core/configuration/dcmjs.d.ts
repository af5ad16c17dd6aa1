/** The part of dcmjs that is used here; the package has no types of its own. */
declare module 'dcmjs' {
  interface DictionaryEntry {
    readonly tag: string;
    readonly vr: string;
    readonly vm: string;
    readonly name: string;
  }
  const dcmjs: {
    readonly data: {
      readonly DicomMetaDictionary: {
        readonly nameMap: Readonly<Record<string, DictionaryEntry>>;
        readonly dictionary: Readonly<Record<string, DictionaryEntry>>;
      };
    };
  };
  export default dcmjs;
}
