/** Maps the values of a record, keeping its keys. */
export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  of: (value: A, name: string) => B,
): Record<string, B> => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
