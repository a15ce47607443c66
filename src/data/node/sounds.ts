import { TesseraError } from '../../tensor/index.js';
import { byteArray, expectValue, positive } from '../../tensor/options.js';
import { isWav, parseWav, type Sound, tooLong } from '../sounds/wav.js';

/** Formats that audio-decode decodes piece by piece. */
type Format = 'oga' | 'opus' | 'mp3' | 'flac';

const CHUNK_BYTES = 2 ** 16;

/**
 * Decodes a sound: WAV, Ogg (Vorbis, Opus), MP3 or FLAC. Decoding ends where the sound exceeds `maximumSeconds`.
 * @throws TesseraError if the bytes are of another format, damaged, too long, without samples, or all but WAV where the
 * package audio-decode is not installed.
 */
export async function decodeSound(bytes: Uint8Array, maximumSeconds = 600, name = 'sound'): Promise<Sound> {
  const where = `cannot decode '${name}'`;
  expectValue(where, 'its bytes', bytes, byteArray);
  expectValue(where, 'maximumSeconds', maximumSeconds, positive);
  try {
    if (isWav(bytes)) return parseWav(bytes, maximumSeconds);
    return await decodeCompressed(bytes, formatOf(bytes), maximumSeconds);
  } catch (error) {
    throw new TesseraError(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** The format by the first bytes. @throws TesseraError if it is none of those that are supported. */
function formatOf(bytes: Uint8Array): Format {
  const start = String.fromCharCode(...bytes.subarray(0, 64));
  if (start.startsWith('OggS')) return start.includes('OpusHead') ? 'opus' : 'oga';
  if (start.startsWith('fLaC')) return 'flac';
  // ID3 precedes many MP3 files; others begin with a frame, whose first 11 bits are ones, of layer III.
  if (start.startsWith('ID3') || (bytes[0] === 0xff && (bytes[1] & 0xe6) === 0xe2)) return 'mp3';
  throw new TesseraError('its format is not supported; expected a WAV, Ogg, MP3 or FLAC file');
}

async function decodeCompressed(bytes: Uint8Array, format: Format, maximumSeconds: number): Promise<Sound> {
  const decode = await loadDecoder();
  const pieces: Float32Array[][] = [];
  let sampleRate = 0;
  let length = 0;
  for await (const piece of decode(chunksOf(bytes), format)) {
    if (piece.channelData.length === 0 || piece.channelData[0].length === 0) continue;
    sampleRate = piece.sampleRate;
    length += piece.channelData[0].length;
    if (length > maximumSeconds * sampleRate) throw tooLong(length / sampleRate, maximumSeconds);
    pieces.push(piece.channelData);
  }
  if (length === 0) throw new TesseraError('it has no samples, or is damaged');
  const channels = pieces[0].map((_, channel) => {
    const samples = new Float32Array(length);
    let at = 0;
    for (const piece of pieces) {
      samples.set(piece[channel], at);
      at += piece[channel].length;
    }
    return samples;
  });
  return { sampleRate, channels };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.slice(at, at + CHUNK_BYTES);
}

/** Loads audio-decode lazily, as it is an optional dependency. */
async function loadDecoder() {
  try {
    return (await import('audio-decode')).default;
  } catch (error) {
    throw new TesseraError(
      'sounds other than WAV are decoded by audio-decode, which is not installed; run: npm install audio-decode',
      { cause: error },
    );
  }
}
