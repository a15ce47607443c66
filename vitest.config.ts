import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    env: {
      // What this user measured must not decide what is tested.
      TESSERA_TUNING: 'off',
      // Tests run each kernel once or twice: Mesa's software driver shall not spend time on optimizing them.
      GALLIVM_PERF: 'nopt',
    },
    // One worker: on a software adapter the GPU is the CPU, and two adapters at once only slow each other down.
    pool: 'forks',
    maxWorkers: 1,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
