/** The first example of the README. Run it with `npx tsx examples/toy-fusion.ts`. */
import { batches, toyData } from '../src/data/index.js';
import { explain } from '../src/index.js';
import { TextImageClassifier } from '../src/models/index.js';
import { Adam, accuracy, crossEntropy } from '../src/nn/index.js';

// Two words and two kinds of image make four classes. Neither input determines the class alone.
const text = { vocabulary: 8, embedding: 8, units: 8 };
const model = new TextImageClassifier({ ...text, image: [8, 8, 1], filters: 4, classes: 4, seed: 1 });
const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });

for (let epoch = 0; epoch < 8; epoch++) {
  for (const batch of batches(toyData({ size: 256, seed: 1 }), { size: 32, seed: 1, epoch })) {
    const loss = crossEntropy(model.forward(batch), batch.labels);
    await optimizer.step(loss); // gradients, updates and loss: one plan, one submission
  }
}
for (const { images, tokens, mask, labels } of batches(toyData({ size: 128, seed: 2 }), { size: 128 })) {
  const logits = model.eval().forward({ images, tokens, mask });
  for (const { kernel, op } of (await explain(logits)).dispatches) console.log(kernel, '|', op);
  console.log('accuracy', await accuracy(logits, labels).item());
}
