// @ts-check

/**
 * The bytes of a WAV file (PCM, 16 bits, one channel) of samples within [-1, 1].
 * @param {Float32Array} samples
 * @param {number} sampleRate
 * @returns {ArrayBuffer}
 */
export function encodeWav(samples, sampleRate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  /** @param {number} at @param {string} text */
  const write = (at, text) => {
    for (let index = 0; index < text.length; index++) view.setUint8(at + index, text.charCodeAt(index));
  };
  write(0, 'RIFF');
  view.setUint32(4, 36 + 2 * samples.length, true);
  write(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, index) => {
    view.setInt16(44 + 2 * index, Math.round(32767 * Math.min(1, Math.max(-1, value))), true);
  });
  return view.buffer;
}

/**
 * What a recorder has recorded, in a format of the browser's own, as a WAV file of one channel.
 * @param {Blob} recorded
 * @param {number} sampleRate
 * @returns {Promise<File>}
 */
export async function toWav(recorded, sampleRate) {
  const bytes = await recorded.arrayBuffer();
  const decoded = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(bytes);
  const mixed = new OfflineAudioContext(1, Math.max(1, Math.ceil(decoded.duration * sampleRate)), sampleRate);
  const source = mixed.createBufferSource();
  source.buffer = decoded;
  source.connect(mixed.destination);
  source.start();
  const samples = (await mixed.startRendering()).getChannelData(0);
  return new File([encodeWav(samples, sampleRate)], 'recording.wav', { type: 'audio/wav' });
}
