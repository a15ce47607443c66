/** A chirp under a steady tone, in f32: sin(2π (0.01 i + 0.00002 i²)) + 0.25 sin(1.7 i). */
export const testSound = (length: number): Float32Array =>
  Float32Array.from(
    { length },
    (_, i) => Math.sin(2 * Math.PI * (0.01 * i + 0.00002 * i * i)) + 0.25 * Math.sin(1.7 * i),
  );
