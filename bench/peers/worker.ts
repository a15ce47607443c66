import { type Engine, type Prepared, Unable } from './engine.js';
import type { Answer, Request } from './messages.js';

/* An engine's own process: `worker.ts <module of the engine>` answers requests until its parent is gone. */
const answer = (message: Answer): void => {
  process.send!(message);
};
process.on('disconnect', () => process.exit());

async function main(): Promise<void> {
  const engine = await ((await import(process.argv[2])) as { start(): Promise<Engine> }).start();
  let prepared: Prepared | undefined;
  process.on('message', (request: Request) => {
    reply(request).then(answer, fail);
  });
  async function reply(request: Request): Promise<Answer> {
    if ('time' in request) return { times: await prepared!.time(request.time) };
    prepared?.release();
    prepared = undefined;
    prepared = await engine.prepare(request.prepare, request.inputs);
    return { outputs: await prepared.outputs() };
  }
  answer({ ready: true });
}

function fail(error: unknown): void {
  answer(error instanceof Unable ? { unable: error.message } : { error: String((error as Error)?.message ?? error) });
}

main().catch(fail);
