/** A chirp under a steady tone, in f32: sin(2π (0.01 i + 0.00002 i²)) + 0.25 sin(1.7 i). */
export const testSound = (length: number): Float32Array =>
  Float32Array.from(
    { length },
    (_, i) => Math.sin(2 * Math.PI * (0.01 * i + 0.00002 * i * i)) + 0.25 * Math.sin(1.7 * i),
  );

/** A tone of half the largest amplitude. */
export const toneOf = (tone: { hertz: number; seconds: number; sampleRate: number; phase?: number }): Float32Array =>
  Float32Array.from(
    { length: Math.round(tone.seconds * tone.sampleRate) },
    (_, i) => Math.sin((2 * Math.PI * tone.hertz * i) / tone.sampleRate + (tone.phase ?? 0)) / 2,
  );

/** A WAV file of one channel, of 16 bits or floats. `size` is what its header says of the bytes of the samples. */
export function wavOf(
  samples: Float32Array,
  sampleRate: number,
  header: { readonly floats?: boolean; readonly size?: number } = {},
): Uint8Array {
  const [format, bits] = header.floats ? [3, 32] : [1, 16];
  const size = header.size ?? (samples.length * bits) / 8;
  const view = new DataView(new ArrayBuffer(44 + (bits / 8) * samples.length));
  const writeText = (at: number, text: string) => {
    [...text].forEach((letter, index) => {
      view.setUint8(at + index, letter.charCodeAt(0));
    });
  };
  writeText(0, 'RIFF');
  view.setUint32(4, 36 + size, true);
  writeText(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, format, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, (bits / 8) * sampleRate, true);
  view.setUint16(32, bits / 8, true);
  view.setUint16(34, bits, true);
  writeText(36, 'data');
  view.setUint32(40, size, true);
  samples.forEach((value, index) => {
    if (header.floats) view.setFloat32(44 + 4 * index, value, true);
    else view.setInt16(44 + 2 * index, Math.round(32767 * value), true);
  });
  return new Uint8Array(view.buffer);
}
