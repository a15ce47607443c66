import { TesseraError } from '../../tensor/index.js';
import {
  type DecodeSoundOptions,
  decodeOptions,
  isWav,
  parseWav,
  type Sound,
  tooLong,
  undecodable,
} from '../sounds/wav.js';

/** Formats that audio-decode decodes piece by piece. */
type Format = 'oga' | 'opus' | 'mp3' | 'flac';

/** A decoded part of a sound. */
type AudioPiece = Pick<Sound, 'sampleRate'> & { readonly channelData: readonly Float32Array[] };

const CHUNK_BYTES = 2 ** 16;
/** The samples of all channels, 256 MiB: small files of silence at high rates would fill the memory. */
const MOST_SAMPLES = 2 ** 26;

/**
 * Decodes a sound: WAV, Ogg (Vorbis, Opus), MP3 or FLAC. Decoding ends where the sound exceeds `maximumSeconds`.
 * @throws TesseraError if the bytes are of another format, damaged, too long, without samples, or all but WAV where the
 * package audio-decode is not installed.
 */
export async function decodeSound(bytes: Uint8Array, options: DecodeSoundOptions = {}): Promise<Sound> {
  const { name, maximumSeconds } = decodeOptions('decodeSound', bytes, options);
  try {
    if (isWav(bytes)) return parseWav(bytes, maximumSeconds);
    return await decodeCompressed(bytes, formatOf(bytes), maximumSeconds);
  } catch (error) {
    throw undecodable(error as Error, name);
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
  const pieces: AudioPiece[] = [];
  let length = 0;
  for await (const piece of decode(chunksOf(bytes), format)) {
    const { sampleRate, channelData } = piece;
    if (channelData.length === 0 || channelData[0].length === 0) continue;
    pieces.push(piece);
    length += channelData[0].length;
    if (length > maximumSeconds * sampleRate) throw tooLong(length / sampleRate, maximumSeconds);
    if (length * channelData.length > MOST_SAMPLES)
      throw new TesseraError(`expected at most ${MOST_SAMPLES} samples in all channels, got more; shorten it`);
  }
  return joined(pieces, length);
}

/** Puts the pieces of a sound together. @throws TesseraError if there are none, or they differ in rate or channels. */
export function joined(pieces: readonly AudioPiece[], length: number): Sound {
  if (length === 0) throw new TesseraError('it has no samples, or is damaged');
  const [{ sampleRate, channelData }] = pieces;
  const channels = channelData.map(() => new Float32Array(length));
  let at = 0;
  for (const piece of pieces) {
    if (piece.sampleRate !== sampleRate || piece.channelData.length !== channels.length)
      throw new TesseraError(
        `it changes midway, from ${channels.length} channels at ${sampleRate} Hz to ${piece.channelData.length} at ${piece.sampleRate} Hz`,
      );
    for (const [channel, samples] of piece.channelData.entries()) channels[channel].set(samples, at);
    at += piece.channelData[0].length;
  }
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
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TesseraError(
      code === 'ERR_MODULE_NOT_FOUND'
        ? 'sounds other than WAV are decoded by audio-decode, which is not installed; run: npm install audio-decode'
        : `audio-decode cannot be loaded; run: npm install audio-decode (${message})`,
      { cause: error },
    );
  }
}
