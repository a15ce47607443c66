/**
 * A Keras program, translated line by line and trained on emoji. Run it with `npx tsx examples/keras-style.ts`.
 *
 *   text = LSTM(units=128)(Embedding(input_dim=10000, output_dim=128)(text_input))
 *   image = Flatten()(Conv2D(filters=64, kernel_size=(3, 3), activation='relu')(image_input))
 *   output = Dense(units=10, activation='softmax')(concatenate([text, image]))
 *   model = Model(inputs=[text_input, image_input], outputs=output)
 *   model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
 *   model.fit([text_data, image_data], labels, epochs=10, batch_size=32)
 */
import { emojiData } from '../src/data/node/index.js';
import { oneHot, tensor } from '../src/index.js';
import { input, layers, Model, progress } from '../src/nn/index.js';

// There are nine classes of emoji. The Keras program has ten outputs, so the last one stays unused.
const CLASSES = 10;
const [time, pixels] = [8, 28];
const { train, test, classes, testNames } = await emojiData({ pixels, time });
const rowsOf = ({ tokens, images, labels, size }: typeof train) => ({
  text: tensor(tokens, [size, time]),
  image: tensor(images, [size, pixels, pixels, 3]),
  labels: oneHot(tensor(labels), CLASSES),
});
const { text: textData, image: imageData, labels } = rowsOf(train);

const textInput = input({ shape: [time], dtype: 'i32' });
const text = layers.lstm({ units: 128 })(layers.embedding({ inputDim: 10_000, outputDim: 128 })(textInput));
const imageInput = input({ shape: [pixels, pixels, 3] });
const image = layers.flatten()(layers.conv2d({ filters: 64, kernelSize: [3, 3], activation: 'relu' })(imageInput));
const output = layers.dense({ units: CLASSES, activation: 'softmax' })(layers.concatenate([text, image]));

const model = new Model({ inputs: [textInput, imageInput], outputs: output });
console.log(model.summary());
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
await model.fit([textData, imageData], labels, {
  epochs: Number(process.env.EPOCHS ?? 10),
  batchSize: 32,
  callbacks: [progress((line) => console.log(line))],
});

const heldOut = rowsOf(test);
const { accuracy } = await model.evaluate([heldOut.text, heldOut.image], heldOut.labels);
console.log(`held-out accuracy ${accuracy.toFixed(3)}`);
const predicted = await (await model.predict([heldOut.text, heldOut.image])).argmax(-1).data();
for (const row of [0, 100, 200, 300]) console.log(`${testNames[row]}: ${classes[predicted[row]]}`);
