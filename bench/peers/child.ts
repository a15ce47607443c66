import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Request } from './messages.js';
import type { Inputs, WorkloadKind } from './workloads.js';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** An engine that says nothing for so long is ended. */
const PATIENCE = 300_000;

/** An engine in a process of its own, so that globals, adapters and crashes do not mix. */
export class EngineProcess {
  #child: ChildProcess | undefined;
  #waiting: ((answer: Answer) => void) | undefined;
  #complaints = '';
  /** Why it does not start: it is not tried again. */
  #broken: string | undefined;

  /** The engine's module is one that exports `start(): Promise<Engine>`. */
  constructor(
    private readonly module: URL,
    private readonly patience = PATIENCE,
  ) {}

  /** Its results for a workload, or why there are none; starts the process where none runs. */
  async prepare(kind: WorkloadKind, inputs: Inputs): Promise<{ outputs: Float32Array[] } | { why: string }> {
    if (this.#broken === undefined && this.#child === undefined) {
      const started = await this.#start();
      if (!('ready' in started)) {
        this.close();
        this.#broken = `it does not start: ${whyNot(started)}`;
      }
    }
    if (this.#broken !== undefined) return { why: this.#broken };
    const answer = await this.#ask({ prepare: kind, inputs });
    return 'outputs' in answer ? answer : { why: whyNot(answer) };
  }

  /** Milliseconds of each of `runs` runs of what was prepared, or why there are none. */
  async time(runs: number): Promise<{ times: number[] } | { why: string }> {
    const answer = await this.#ask({ time: runs });
    return 'times' in answer ? answer : { why: whyNot(answer) };
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): Promise<Answer> {
    const child = fork(WORKER, [this.module.href], {
      cwd: ROOT,
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#complaints = '';
    child.stderr!.on('data', (text) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-2000);
    });
    child.on('message', (answer: Answer) => this.#take(answer));
    child.on('close', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      const last = this.#complaints.trim().split('\n').at(-1);
      this.#take({ error: `its process ended with ${signal ?? code}${last ? `: ${last}` : ''}` });
    });
    return this.#answer();
  }

  #ask(request: Request): Promise<Answer> {
    if (this.#child === undefined) return Promise.resolve({ error: 'its process has ended' });
    const answer = this.#answer();
    this.#child.send(request);
    return answer;
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve) => {
      const patience = setTimeout(() => {
        this.close();
        resolve({ error: `no answer in ${this.patience / 1000} s` });
      }, this.patience);
      this.#waiting = (answer) => {
        clearTimeout(patience);
        resolve(answer);
      };
    });
  }

  #take(answer: Answer): void {
    this.#waiting?.(answer);
    this.#waiting = undefined;
  }
}

const whyNot = (answer: Answer): string =>
  'unable' in answer ? answer.unable : 'error' in answer ? answer.error : 'it answered what was not asked';
