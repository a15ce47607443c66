import { type GenerateOptions, generate } from '../../gpt/generate.js';
import { GPTFolder } from '../../gpt/node/gpt-folder.js';
import { Writer } from '../../gpt/writer.js';
import type { GPT } from '../../models/index.js';
import { counted } from '../../predictor/report/numbers.js';
import { TesseraError } from '../../tensor/index.js';
import { within } from '../../tensor/ops/checks.js';
import { defined } from '../defined.js';
import { withDevice } from '../device.js';
import { stoppable } from '../interrupt.js';
import { Terminal } from '../terminal.js';
import type { GPTSampleOptions } from './options.js';

/** Implements `tessera gpt sample`, which writes texts token by token. Returns the exit code. */
export async function sample(run: string, options: GPTSampleOptions): Promise<number> {
  const { prompt: given = ['\n'], count, stop, seed, length } = options;
  if (given.includes('')) throw new TesseraError('gpt sample: --prompt is empty; give at least one character');
  if (stop === '') throw new TesseraError('gpt sample: --stop is empty; leave it out for no stop text');
  const terminal = new Terminal(options.json ?? false);
  const folder = new GPTFolder(run);
  const { model, tokenizer } = await folder.loadModel();
  if (await folder.has('checkpoint')) terminal.note('the run has not ended: its best model so far writes');
  const texts = given.flatMap((prompt) => {
    const ids = within('gpt sample: --prompt', () => tokenizer.encode(prompt));
    noteIfLong(ids.length, model, terminal);
    return Array.from({ length: count }, () => ({ prompt, ids, writer: new Writer(tokenizer, stop) }));
  });
  return withDevice(options.device, terminal, (device) =>
    stoppable(terminal, '\nstopped', async ({ signal }) => {
      const { temperature, topK, topP, repetitionPenalty } = options;
      const drawing = { length, seed, temperature, ...defined({ topK, topP, repetitionPenalty }) } as GenerateOptions;
      const [only] = texts;
      // One text is shown as it comes, several when they have ended.
      const show = (piece: string) => {
        if (texts.length === 1 && !terminal.json) process.stdout.write(piece);
      };
      show(only.prompt);
      const speed = new Speed();
      const prompts = texts.map(({ ids }) => ids);
      for await (const tokens of generate(model, prompts, drawing)) {
        signal.throwIfAborted();
        for (const [row, { writer }] of texts.entries()) show(writer.push(tokens[row]));
        speed.add(tokens.length);
        // A reader such as `head` has seen enough.
        if (texts.every(({ writer }) => writer.isStopped) || !process.stdout.writable) break;
      }
      for (const { writer } of texts) show(writer.end());
      show('\n');
      if (texts.length > 1)
        for (const [at, { prompt, writer }] of texts.entries())
          terminal.print(`--- ${at + 1} of ${texts.length}\n${prompt}${writer.text}`);
      terminal.note(speed.words());
      terminal.result({
        adapter: device.name,
        run,
        seed,
        samples: texts.map(({ prompt, writer }) => ({
          prompt,
          text: writer.text,
          tokens: writer.tokens,
          stopped: writer.isStopped,
        })),
        tokensPerSecond: speed.tokensPerSecond,
      });
      return 0;
    }),
  );
}

function noteIfLong(tokens: number, model: GPT, terminal: Terminal): void {
  const { block } = model.options;
  if (tokens > block)
    terminal.note(`warning: the prompt has ${tokens} tokens, and the model sees ${block}: the last ones are used`);
}

/** How fast tokens come, without the first of each text: it reads the prompt, and prepares the kernels. */
class Speed {
  #begin: number | undefined;
  #tokens = 0;
  #milliseconds = 0;

  /** Counts tokens that have come together. */
  add(tokens: number): void {
    const now = performance.now();
    if (this.#begin === undefined) this.#begin = now;
    else {
      this.#tokens += tokens;
      this.#milliseconds = now - this.#begin;
    }
  }

  /** Undefined after one token of each text. */
  get tokensPerSecond(): number | undefined {
    return this.#tokens === 0 ? undefined : (1000 * this.#tokens) / this.#milliseconds;
  }

  words(): string {
    const speed = this.tokensPerSecond;
    return speed === undefined
      ? '1 token of each text'
      : `${counted(this.#tokens, 'token')} after the first in ${(this.#milliseconds / 1000).toFixed(1)} s: ${speed.toFixed(0)} tokens/s`;
  }
}
