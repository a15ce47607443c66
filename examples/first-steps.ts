/** Tensors, gradients, plans and the two devices: `npx tsx examples/first-steps.ts`. */
import { evaluate, explain, grad, openDevice, setDefaultDevice, tensor, Variable } from '../src/index.js';

// σ(Wx + b), on two rows at once. Nothing runs here: y is a node of a graph.
const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const w = new Variable(Float32Array.of(0.1, -0.2, 0.3, 0.1, -0.3, 0.2), [3, 2], 'w');
const b = new Variable(new Float32Array(2), [2], 'b');
const y = x.matmul(w).add(b).sigmoid();

// One dispatch: the bias and σ are fused into the product.
for (const { kernel, op, flops } of (await explain(y)).dispatches) console.log(`${kernel}: ${op}, ${flops} flops`);
console.log('y =', await y.data());

// A gradient is a graph, too; a gradient of a gradient as well.
const loss = y.square().sum();
const [dw, db] = grad(loss, [w, b]);
console.log('dw =', await dw.data());
console.log('db =', await db.data());

// One step downhill. An assign happens when it is evaluated, after all reads of the old value.
await evaluate(w.assign(w.sub(dw.mul(0.1))), b.assign(b.sub(db.mul(0.1))));
console.log('loss after it =', await x.matmul(w).add(b).sigmoid().square().sum().item());

// The same kernels in float64 on the CPU, where you can read and step through them.
setDefaultDevice(await openDevice({ device: 'reference' }));
console.log('in float64: σ(0.5) =', await tensor([0.5]).sigmoid().data());
