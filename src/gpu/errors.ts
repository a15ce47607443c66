/** The base class of Tessera's errors. A message says what was wrong, what was expected and given, and what to do. */
export class TesseraError extends Error {
  override readonly name: string = 'TesseraError';
}

/** Formats a value for an error message, with strings in quotes, so that '3' differs from 3. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'Object'})`;
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Narrows a value that is never undefined. @throws TesseraError if it is, which is a bug in Tessera. */
export function defined<T>(value: T | undefined): T {
  if (value === undefined)
    throw new TesseraError('internal error: a required value is undefined; this is a bug in Tessera, please report it');
  return value;
}

/** An error for a kernel that the device rejects; it names the kernel and the shapes of its inputs. */
export class KernelError extends TesseraError {
  override readonly name = 'KernelError';
}

/** An error for memory exhausted on the device. */
export class OutOfMemoryError extends TesseraError {
  override readonly name = 'OutOfMemoryError';
  constructor(
    message: string,
    /** The number of bytes requested. */
    readonly bytes: number,
  ) {
    super(message);
  }
}

/** An error for a device that was lost (driver reset, unplugged) or closed; nothing on it can be read any more. */
export class DeviceLostError extends TesseraError {
  override readonly name = 'DeviceLostError';
}
