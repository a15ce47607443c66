import { TesseraError } from '../../tensor/index.js';
import { byteArray, checkOptions, expectValue, optional, positive, text } from '../../tensor/options.js';

/** A sound: samples of its channels, within [-1, 1] unless it was recorded louder. */
export interface Sound {
  /** Samples a second of each channel. */
  readonly sampleRate: number;
  /** One array per channel, all of the same length. */
  readonly channels: readonly Float32Array[];
}

/** Options of decoders of sounds. */
export interface DecodeSoundOptions {
  /** The name of the sound in errors, such as its path. Default 'sound'. */
  readonly name?: string;
  /** Longer sounds are refused before they are decoded. Default 600 seconds. */
  readonly maximumSeconds?: number;
}

/** The limit where no other is given: ten minutes, which are 115 MB at 48 kHz. */
export const MAXIMUM_SECONDS = 600;
const MAXIMUM_CHANNELS = 64;
const MAXIMUM_RATE = 1_000_000;
/** Floats may be scaled as integers are; what is louder overflows when its power is taken. */
const LOUDEST = 2 ** 31;

/** What a sample of a format is: its bytes, and its value, within [-1, 1) for integers. */
interface SampleFormat {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

const PCM: Readonly<Record<number, SampleFormat>> = {
  8: { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 2 ** 7 },
  16: { bytes: 2, read: (view, at) => view.getInt16(at, true) / 2 ** 15 },
  24: { bytes: 3, read: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23 },
  32: { bytes: 4, read: (view, at) => view.getInt32(at, true) / 2 ** 31 },
};
const FLOAT: Readonly<Record<number, SampleFormat>> = {
  32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};
const A_LAW: Readonly<Record<number, SampleFormat>> = { 8: { bytes: 1, read: (view, at) => aLaw(view.getUint8(at)) } };
const MU_LAW: Readonly<Record<number, SampleFormat>> = {
  8: { bytes: 1, read: (view, at) => muLaw(view.getUint8(at)) },
};

/** The formats by their tag in the file, and then by the bits of a sample. */
const FORMATS: Readonly<Record<number, Readonly<Record<number, SampleFormat>>>> = {
  1: PCM,
  3: FLOAT,
  6: A_LAW,
  7: MU_LAW,
};
/** The tag of files that give the format's own tag further behind. */
const EXTENSIBLE = 0xfffe;
/** The size that programs write that do not know yet how long a sound will be: it ends with the file. */
const UNKNOWN_SIZE = 0xffffffff;

interface WavHeader {
  readonly sampleRate: number;
  readonly channelCount: number;
  readonly format: SampleFormat;
}

/**
 * Decodes the bytes of a WAV file: PCM of 8, 16, 24 or 32 bits, floats of 32 or 64 bits, A-law and µ-law (ITU-T G.711).
 * Format: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (1991).
 * @throws TesseraError if the bytes are of another format, damaged, without samples, or longer than `maximumSeconds`.
 */
export function decodeWav(bytes: Uint8Array, options: DecodeSoundOptions = {}): Sound {
  const { name, maximumSeconds } = decodeOptions('decodeWav', bytes, options);
  try {
    return parseWav(bytes, maximumSeconds);
  } catch (error) {
    throw undecodable(error as Error, name);
  }
}

/** The options of the decoder `where` with their defaults. @throws TesseraError if an argument is invalid. */
export function decodeOptions(
  where: string,
  bytes: Uint8Array,
  options: DecodeSoundOptions,
): Required<DecodeSoundOptions> {
  const { name = 'sound', maximumSeconds = MAXIMUM_SECONDS } = checkOptions(where, options, {
    name: optional(text),
    maximumSeconds: optional(positive),
  });
  expectValue(`cannot decode '${name}'`, 'its bytes', bytes, byteArray);
  return { name, maximumSeconds };
}

/** The error of a sound that cannot be decoded, with the reason. */
export const undecodable = (reason: Error, name: string): TesseraError =>
  new TesseraError(`cannot decode '${name}': ${reason.message}`, { cause: reason });

/** Decodes a WAV file. @throws TesseraError with the reason alone. */
export function parseWav(bytes: Uint8Array, maximumSeconds: number): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isWav(bytes)) throw new TesseraError(`expected a WAV file, which begins with RIFF and WAVE`);
  const { header, start, end } = findChunks(view);
  const { sampleRate, channelCount, format } = header;
  const frames = Math.floor((end - start) / (format.bytes * channelCount));
  if (frames === 0) throw new TesseraError('the file has no samples');
  const seconds = frames / sampleRate;
  if (seconds > maximumSeconds) throw tooLong(seconds, maximumSeconds);
  const channels = Array.from({ length: channelCount }, () => new Float32Array(frames));
  for (let frame = 0, at = start; frame < frames; frame++) {
    for (let channel = 0; channel < channelCount; channel++, at += format.bytes) {
      const value = format.read(view, at);
      if (!(Math.abs(value) <= LOUDEST)) throw new TesseraError(`sample ${frame} of channel ${channel} is ${value}`);
      channels[channel][frame] = value;
    }
  }
  return { sampleRate, channels };
}

/** The error for a sound that exceeds the limit. */
export const tooLong = (seconds: number, maximum: number): TesseraError =>
  new TesseraError(`the sound is ${seconds.toFixed(1)} s long; expected at most ${maximum} s`);

/** Whether bytes begin as a WAV file does. */
export function isWav(bytes: Uint8Array): boolean {
  return bytes.length >= 12 && textAt(bytes, 0) === 'RIFF' && textAt(bytes, 8) === 'WAVE';
}

/** Finds the header and where the samples start and end. A chunk is a name, a size, and bytes, padded to an even size. */
function findChunks(view: DataView): { header: WavHeader; start: number; end: number } {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let header: WavHeader | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, size, start] = [textAt(bytes, at), view.getUint32(at + 4, true), at + 8];
    if (name === 'data') {
      if (header === undefined) throw new TesseraError('the samples stand before the header (chunk fmt)');
      if (size === UNKNOWN_SIZE) return { header, start, end: bytes.length };
      if (start + size > bytes.length)
        throw new TesseraError(
          `the file is cut off: ${size} bytes of samples were announced, ${bytes.length - start} are there`,
        );
      return { header, start, end: start + size };
    }
    if (name === 'fmt ') {
      if (size < 16 || start + size > bytes.length)
        throw new TesseraError(`the header (chunk fmt) has ${size} bytes, which is not possible`);
      header = readHeader(new DataView(view.buffer, view.byteOffset + start, size));
    }
    at = start + size + (size % 2);
  }
  throw new TesseraError(`the file has no ${header === undefined ? 'header (chunk fmt)' : 'samples (chunk data)'}`);
}

function readHeader(view: DataView): WavHeader {
  const first = view.getUint16(0, true);
  // The tag is the beginning of a 16-byte identifier.
  const tag = first === EXTENSIBLE && view.byteLength >= 26 ? view.getUint16(24, true) : first;
  const [channelCount, sampleRate, frameBytes, bits] = [
    view.getUint16(2, true),
    view.getUint32(4, true),
    view.getUint16(12, true),
    view.getUint16(14, true),
  ];
  const format = FORMATS[tag]?.[bits];
  if (format === undefined)
    throw new TesseraError(
      `samples of format ${tag} with ${bits} bits are not supported; expected PCM (1), floats (3), A-law (6) or µ-law (7)`,
    );
  if (channelCount < 1 || channelCount > MAXIMUM_CHANNELS)
    throw new TesseraError(`the header says ${channelCount} channels; expected 1 to ${MAXIMUM_CHANNELS}`);
  if (sampleRate < 1 || sampleRate > MAXIMUM_RATE)
    throw new TesseraError(`the header says ${sampleRate} samples a second; expected 1 to ${MAXIMUM_RATE}`);
  if (frameBytes !== format.bytes * channelCount)
    throw new TesseraError(
      `the header contradicts itself: ${frameBytes} bytes for ${channelCount} channels of ${bits} bits; expected ${format.bytes * channelCount}`,
    );
  return { sampleRate, channelCount, format };
}

/** A-law (ITU-T G.711): a sign, an exponent of 3 bits and a mantissa of 4, every other bit inverted. */
function aLaw(byte: number): number {
  const code = byte ^ 0x55;
  const [exponent, mantissa] = [(code >> 4) & 7, code & 15];
  const magnitude = exponent === 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1);
  return ((code & 0x80 ? 1 : -1) * magnitude) / 2 ** 12;
}

/** µ-law (ITU-T G.711): a sign, an exponent of 3 bits and a mantissa of 4, all bits inverted. */
function muLaw(byte: number): number {
  const code = byte ^ 0xff;
  const magnitude = ((2 * (code & 15) + 33) << ((code >> 4) & 7)) - 33;
  return ((code & 0x80 ? -1 : 1) * magnitude) / 2 ** 13;
}

const textAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
