import net from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import type { Predictor } from '../../src/predictor/node/predictor.js';
import type { ServeOptions } from '../../src/serve/options.js';
import { type RunningServer, serve } from '../../src/serve/serve.js';
import { setDefaultDevice } from '../../src/tensor/index.js';
import { reference } from './devices.js';
import { predictorIn, predictorOf, temporaryFolder } from './predictor.js';
import { TARGETS, type ThingKind } from './runs.js';

/** All kinds of fields of things. */
const KINDS: readonly ThingKind[] = ['text', 'image', 'number', 'category', 'boolean', 'date', 'tags'];

/** A predictor for a file's tests, on the reference device, which is the default one meanwhile. */
export function testPredictor(kinds = KINDS): () => Predictor {
  let predictor: Predictor;
  const folder = temporaryFolder();
  beforeAll(async () => {
    setDefaultDevice(reference);
    predictor = await predictorIn(folder, TARGETS.category, kinds);
  });
  afterAll(() => setDefaultDevice(undefined));
  return () => predictor;
}

/** The predictor of a run on sounds of half a second, `clip`, at 8,000 Hz. */
export function soundPredictor(folder: string): Promise<Predictor> {
  const state = { settings: {}, sampleRate: 8000, length: 4000 };
  return predictorOf(folder, {
    version: 1,
    target: TARGETS.category,
    fields: [{ column: 'clip', kind: 'sound', settings: {}, state }],
    ignored: [],
    split: { by: 'fraction', fractions: { train: 0.8, validation: 0.1, test: 0.1 }, seed: 0 },
  });
}

const running: RunningServer[] = [];
afterAll(async () => {
  for (const server of running.splice(0)) await server.close();
});

/** Starts a server on a free port; it ends with the tests of the file. */
export async function testServer(predictor: Predictor, options: ServeOptions = {}): Promise<RunningServer> {
  const server = await serve(predictor, { port: 0, rate: 0, ...options });
  running.push(server);
  return server;
}

/** Sends bytes as they are, and returns all that comes back until the connection ends. */
export function raw(url: string, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** The status of each response in a text. */
export const statusesOf = (text: string): number[] =>
  Array.from(text.matchAll(/^HTTP\/1\.1 (\d+)/gm), ([, status]) => Number(status)).filter((status) => status !== 100);
