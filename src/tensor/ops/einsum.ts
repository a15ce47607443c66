import { defined, TesseraError } from '../../gpu/errors.js';
import { sizeOf } from '../../launch/shape.js';
import { checkTensors } from '../graph/graph.js';
import { formatShape } from '../graph/shape.js';
import type { Tensor } from '../tensor.js';
import { matmul } from './matmul.js';
import { permute, reshape, slice } from './movement.js';

/**
 * Computes an Einstein summation of one or two tensors: `einsum('bij,bjk->bik', a, b)`. Each letter names an axis. The
 * axes that the result does not name are summed over; a letter that a tensor names twice takes its diagonal (`'ii->i'`,
 * or the trace, `'ii->'`). Two tensors become one batched matrix product. Error ≤ 1e-6·Σ|terms|.
 *
 * @throws TesseraError if letters and shapes do not match, the result names a letter twice, or there are more than two
 * tensors.
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  if (typeof equation !== 'string')
    throw new TesseraError(`einsum: expected an equation such as 'ij,jk->ik', got ${typeof equation}`);
  checkTensors('einsum', tensors);
  const fail = (what: string): never => {
    const shapes = tensors.map(({ shape }) => formatShape(shape)).join(' and ');
    throw new TesseraError(`einsum: '${equation}' of ${shapes}: ${what}`);
  };
  const match = /^([a-zA-Z]*(?:,[a-zA-Z]*)?)->([a-zA-Z]*)$/.exec(equation.replace(/\s/g, ''));
  if (match === null) return fail("expected letters for one or two tensors and the result, such as 'ij,jk->ik'");
  const terms = match[1].split(',');
  const result = [...match[2]];
  if (terms.length !== tensors.length) fail(`expected ${terms.length} tensors, got ${tensors.length}`);
  const sizes = new Map<string, number>();
  for (const [index, letters] of terms.entries()) {
    const { shape } = tensors[index];
    if (letters.length !== shape.length) fail(`'${letters}' names ${letters.length} axes of ${formatShape(shape)}`);
    [...letters].forEach((letter, axis) => {
      const size = sizes.get(letter) ?? shape[axis];
      if (size !== shape[axis]) fail(`axis '${letter}' has sizes ${size} and ${shape[axis]}`);
      sizes.set(letter, size);
    });
  }
  if (new Set(result).size < result.length) fail(`'${match[2]}' names an axis twice`);
  const foreign = result.find((letter) => !sizes.has(letter));
  if (foreign !== undefined) fail(`no tensor has the axis '${foreign}'`);

  // First sum over the axes that only one tensor has and the result does not.
  const operands = tensors.map((given, index): [Tensor, string[]] => {
    const [tensor, letters] = diagonal(given, [...terms[index]]);
    const others = [...result, ...terms.filter((_, other) => other !== index).join('')];
    const lone = letters.flatMap((letter, axis) => (others.includes(letter) ? [] : [axis]));
    return [tensor.sum(lone), letters.filter((letter) => others.includes(letter))];
  });
  if (operands.length === 1) {
    const [tensor, letters] = operands[0];
    return permute(
      tensor,
      result.map((letter) => letters.indexOf(letter)),
    );
  }
  const [[a, inA], [b, inB]] = operands;
  const batch = inA.filter((letter) => inB.includes(letter) && result.includes(letter));
  const summed = inA.filter((letter) => inB.includes(letter) && !result.includes(letter));
  const rows = inA.filter((letter) => !inB.includes(letter));
  const columns = inB.filter((letter) => !inA.includes(letter));
  const count = (letters: readonly string[]) => sizeOf(letters.map((letter) => defined(sizes.get(letter))));
  const matrix = (tensor: Tensor, letters: string[], first: string[], second: string[]) =>
    reshape(
      permute(
        tensor,
        [...batch, ...first, ...second].map((letter) => letters.indexOf(letter)),
      ),
      [count(batch), count(first), count(second)],
    );
  const product = matmul(matrix(a, inA, rows, summed), matrix(b, inB, summed, columns));
  const order = [...batch, ...rows, ...columns];
  return permute(
    reshape(
      product,
      order.map((letter) => defined(sizes.get(letter))),
    ),
    result.map((letter) => order.indexOf(letter)),
  );
}

/** Takes diagonals until each letter occurs once: x[..., i, ..., i] becomes y[..., i]. */
function diagonal(x: Tensor, letters: string[]): [Tensor, string[]] {
  const second = letters.findIndex((letter, axis) => letters.indexOf(letter) < axis);
  if (second < 0) return [x, letters];
  const first = letters.indexOf(letters[second]);
  const size = x.shape[first];
  const others = letters.flatMap((_, axis) => (axis === first || axis === second ? [] : [axis]));
  const sizes = others.map((axis) => x.shape[axis]);
  // Row-major, the diagonal of a (size, size) matrix is every (size + 1)-th element.
  const flat = reshape(permute(x, [...others, first, second]), [...sizes, size * size]);
  const taken = slice(flat, [], [], [...sizes.map(() => 1), size + 1]);
  return diagonal(taken, [...others.map((axis) => letters[axis]), letters[second]]);
}
