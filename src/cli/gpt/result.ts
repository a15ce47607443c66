import { bitsPerCharacter, type GPTReport, lossesOf, verdictOf } from '../../gpt/report.js';
import { counted } from '../../predictor/report/numbers.js';
import { type Terminal, table } from '../terminal.js';

/** Prints the losses of a run beside the baselines. */
export function showResult(terminal: Terminal, report: GPTReport, page: string): void {
  const { loss, baselines, text, steps, stepMilliseconds, training, model, adapter, run } = report;
  terminal.print('');
  terminal.print(verdictOf(report));
  terminal.print('');
  terminal.print(
    table(
      ['', 'nats a token', 'bits a character'],
      lossesOf(report).map(([name, nats]) => [name, nats.toFixed(3), bitsPerCharacter(nats, text).toFixed(3)]),
      [1, 2],
    ),
  );
  terminal.print('');
  const tokens = training.batch * training.accumulate * model.block;
  terminal.print(
    `${counted(steps, 'step')} of ${stepMilliseconds.toFixed(1)} ms (${tokens} tokens each, ${adapter}); step ${report.keptStep} is kept`,
  );
  terminal.print(`run: ${run}; read ${page}`);
  terminal.print(`write with it: tessera gpt sample ${run}`);
  terminal.result({
    adapter,
    seed: report.seed,
    parameters: report.parameters,
    steps,
    stepMilliseconds,
    loss,
    bitsPerCharacter: bitsPerCharacter(loss.wholeValidation, text),
    baselines,
    text,
    keptStep: report.keptStep,
    run,
  });
}
