/** The messages printed so far. */
const said = new Set<string>();

/** Prints a warning on standard error, each message once per process. */
export function warn(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  process.emitWarning(message, 'Tessera');
}
