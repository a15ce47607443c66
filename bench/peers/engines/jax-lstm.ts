import { type Array as JaxArray, nn, numpy as np } from '@jax-js/jax';

/**
 * Hidden states (batch, hidden) of an LSTM, step by step; the products with the inputs are one for all steps. As
 * everywhere in jax-js it consumes its arguments; `.ref` is one use more.
 */
export function lstmStates(x: JaxArray, kernel: JaxArray, recurrent: JaxArray, bias: JaxArray): JaxArray[] {
  const [batch, time, features] = x.shape as [number, number, number];
  const size = recurrent.shape[0]!;
  const byTime = np.transpose(x, [1, 0, 2]).reshape([time * batch, features]);
  const xGates = np
    .matmul(byTime, kernel)
    .add(bias)
    .reshape([time, batch, 4 * size]);
  let [hidden, cell] = [np.zeros([batch, size]), np.zeros([batch, size])];
  const states: JaxArray[] = [];
  for (let step = 0; step < time; step++) {
    const gates = xGates.ref.slice(step).add(np.matmul(hidden, recurrent.ref));
    const [i, f, g, o] = np.split(gates, 4, -1) as [JaxArray, JaxArray, JaxArray, JaxArray];
    cell = nn
      .sigmoid(f)
      .mul(cell)
      .add(nn.sigmoid(i).mul(np.tanh(g)));
    hidden = nn.sigmoid(o).mul(np.tanh(cell.ref));
    states.push(hidden.ref);
  }
  for (const last of [xGates, recurrent, hidden, cell]) last.dispose();
  return states;
}
