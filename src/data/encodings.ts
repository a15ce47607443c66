/** The encodings of text files; latin1 is windows-1252, as in browsers. This file loads nothing, for the help. */
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'latin1'] as const;
/** The name of an encoding. */
export type Encoding = (typeof ENCODINGS)[number];
