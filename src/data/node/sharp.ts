import { TesseraError } from '../../tensor/index.js';

/** Loads sharp lazily, as it is a large optional dependency. */
export async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TesseraError(
      code === 'ERR_MODULE_NOT_FOUND'
        ? 'decodeImage: images are decoded by sharp, which is not installed; run: npm install sharp'
        : `decodeImage: sharp cannot be loaded; run: npm install sharp (${message})`,
      { cause: error },
    );
  }
}
