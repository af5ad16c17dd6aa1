/** What is used of dcmjs, which has no types of its own. */
declare module 'dcmjs' {
  const dcmjs: {
    readonly data: {
      readonly DicomMessage: {
        readonly readFile: (
          file: ArrayBuffer,
          options: { readonly untilTag: string; readonly includeUntilTagValue: boolean },
        ) => unknown;
      };
    };
  };
  export default dcmjs;
}
