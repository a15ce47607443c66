import { expect } from 'vitest';
import { Adam, type Module } from '../../src/nn/index.js';
import { evaluate, grad, type Tensor } from '../../src/tensor/index.js';

/** Trains for some steps, and returns the first and the last loss. */
export async function trained(module: Module, lossOf: () => Tensor, steps = 30): Promise<[number, number]> {
  const optimizer = new Adam(module.parameters(), { learningRate: 0.05 });
  const first = await lossOf().item();
  for (let step = 0; step < steps; step++) await optimizer.step(lossOf());
  return [first, await lossOf().item()];
}

/**
 * Asserts that every parameter has a gradient other than zero. The bias of the keys of an attention has none: it adds
 * the same number to all scores of a query.
 */
export async function expectGradients(module: Module, loss: Tensor): Promise<void> {
  const parameters = [...module.namedParameters()].filter(([name]) => !/\bkey\.bias$/.test(name));
  const gradients = grad(
    loss,
    parameters.map(([, parameter]) => parameter),
  );
  await evaluate(...gradients);
  for (const [index, [name]] of parameters.entries())
    expect(
      (await gradients[index].data()).some((value) => Math.abs(value) > 1e-12),
      name,
    ).toBe(true);
}
