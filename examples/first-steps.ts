/** Tensors, gradients, plans and the reference device. Run it with `npx tsx examples/first-steps.ts`. */
import { evaluate, explain, grad, openDevice, setDefaultDevice, tensor, Variable } from '../src/index.js';

// σ(xW + b) for a batch of two rows. Nothing runs yet: y is a node of a lazy graph.
const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const w = new Variable(Float32Array.of(0.1, -0.2, 0.3, 0.1, -0.3, 0.2), [3, 2], 'w');
const b = new Variable(new Float32Array(2), [2], 'b');
const y = x.matmul(w).add(b).sigmoid();

// A single dispatch: the bias and σ are fused into the matmul.
for (const { kernel, op, flops } of (await explain(y)).dispatches) console.log(`${kernel}: ${op}, ${flops} flops`);
console.log('y =', await y.data());

// Gradients are graphs as well, so they can be differentiated again.
const loss = y.square().sum();
const [dw, db] = grad(loss, [w, b]);
console.log('dw =', await dw.data());
console.log('db =', await db.data());

// One step of gradient descent. Assigns take effect when evaluated, after all reads of the old values.
await evaluate(w.assign(w.sub(dw.mul(0.1))), b.assign(b.sub(db.mul(0.1))));
console.log('loss after the step =', await x.matmul(w).add(b).sigmoid().square().sum().item());

// The reference device runs plain TypeScript in float64, which a debugger can step through.
setDefaultDevice(await openDevice({ device: 'reference' }));
console.log('in float64: σ(0.5) =', await tensor([0.5]).sigmoid().data());
