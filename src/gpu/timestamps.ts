/** The maximum number of timestamps in a query set (WebGPU, section 'Query Sets'). */
const QUERIES = 4096;

/**
 * Encodes each part into a compute pass of its own with timestamps at its boundaries (WebGPU has them nowhere else),
 * submits, awaits `pause`, and returns the nanoseconds of each part. It requires the feature 'timestamp-query'.
 */
export async function measurePasses(
  device: GPUDevice,
  parts: readonly ((pass: GPUComputePassEncoder) => void)[],
  pause: () => Promise<void>,
): Promise<number[]> {
  const durations: number[] = [];
  for (let first = 0; first < parts.length; first += QUERIES / 2) {
    const some = parts.slice(first, first + QUERIES / 2);
    const querySet = device.createQuerySet({ type: 'timestamp', count: 2 * some.length });
    const size = 16 * some.length;
    const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    some.forEach((encode, index) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      encode(pass);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, 2 * some.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await pause();
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    // An adapter may reset its counter at any time (WebGPU, section 'Timestamp Query'); clip negative times.
    for (let i = 0; i < some.length; i++) durations.push(Math.max(0, Number(stamps[2 * i + 1] - stamps[2 * i])));
    for (const resource of [querySet, resolved, staging]) resource.destroy();
  }
  return durations;
}
