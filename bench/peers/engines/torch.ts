import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine.js';
import type { Inputs } from '../workloads.js';

const SCRIPT = fileURLToPath(new URL('torch_workloads.py', import.meta.url));
/** The system's own Python, where a distribution's PyTorch is installed. */
const PYTHON = '/usr/bin/python3';

/**
 * PyTorch on the CPU: context, what a user without a GPU would take. It times itself.
 * @throws Error if it is not installed.
 */
export async function start(): Promise<Engine> {
  const python = spawn(PYTHON, [SCRIPT], { stdio: ['pipe', 'pipe', 'ignore'] });
  const answers = readAnswers(python.stdout);
  const ask = async (request: object, inputs: Inputs = {}): Promise<Answer> => {
    python.stdin.write(`${JSON.stringify(request)}\n`);
    for (const { data } of Object.values(inputs))
      python.stdin.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const { value } = await answers.next();
    if (value === undefined) throw new Error('its process has ended');
    return value;
  };
  const hello = await answers.next();
  if (hello.done) throw new Error(`PyTorch is not installed for ${PYTHON} (Debian: apt-get install python3-torch)`);
  return {
    async prepare(workload, inputs) {
      const described = Object.entries(inputs).map(([name, { shape, data }]) => [
        ...[name, shape, data instanceof Int32Array ? 'int32' : 'float32'],
      ]);
      const { results } = await ask({ workload, inputs: described }, inputs);
      return {
        outputs: async () => results,
        time: async (time) => (await ask({ time })).times!,
        release() {},
      };
    },
  };
}

interface Answer {
  readonly times?: number[];
  readonly results: Float32Array[];
}

/** Answers as they come: a line of JSON, then the bytes of as many results as it has lengths. */
async function* readAnswers(stdout: Readable): AsyncGenerator<Answer, undefined> {
  let rest = Buffer.alloc(0);
  const chunks = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const until = async (enough: () => boolean): Promise<boolean> => {
    while (!enough()) {
      const { done, value } = await chunks.next();
      if (done) return false;
      rest = Buffer.concat([rest, value]);
    }
    return true;
  };
  while (await until(() => rest.includes('\n'))) {
    const end = rest.indexOf('\n');
    const { lengths, times } = JSON.parse(rest.toString('utf8', 0, end)) as { lengths: number[]; times?: number[] };
    rest = rest.subarray(end + 1);
    const bytes = 4 * lengths.reduce((sum, length) => sum + length, 0);
    if (!(await until(() => rest.length >= bytes))) return;
    const results = lengths.map((length) => {
      const own = Uint8Array.from(rest.subarray(0, 4 * length));
      rest = rest.subarray(4 * length);
      return new Float32Array(own.buffer);
    });
    yield { results, ...(times === undefined ? {} : { times }) };
  }
}
