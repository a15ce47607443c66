/** The base of every error that Tessera throws on purpose: its message says what was wrong, expected, got, and what to do. */
export class TesseraError extends Error {
  override readonly name: string = 'TesseraError';
}

/** A value that is always there; its absence is a defect of Tessera. */
export function defined<T>(value: T | undefined): T {
  if (value === undefined)
    throw new TesseraError('a value that is always there is missing: this is a defect of Tessera');
  return value;
}

/** A kernel that the device refused: its message names the kernel and the shapes it was given. */
export class KernelError extends TesseraError {
  override readonly name = 'KernelError';
}

/** The device had no memory left for a buffer. Carries how many bytes were asked for. */
export class OutOfMemoryError extends TesseraError {
  override readonly name = 'OutOfMemoryError';
  constructor(
    message: string,
    /** What was asked for. */
    readonly bytes: number,
  ) {
    super(message);
  }
}

/** The device is gone (driver reset, unplugged, or closed): nothing on it can be read any more. */
export class DeviceLostError extends TesseraError {
  override readonly name = 'DeviceLostError';
}
