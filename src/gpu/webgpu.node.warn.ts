/** What was said is not said again when the next device is opened. */
const said = new Set<string>();

/** Says something on standard error, once. */
export function warn(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  process.emitWarning(message, 'Tessera');
}
