import { diagnose } from '../gpu/doctor.js';
import { Terminal, table } from './terminal.js';

/** The limits that plans depend on. */
const SHOWN_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
];

/**
 * Implements `tessera doctor`, which reports the adapters of this machine. Returns the exit code, 1 if there is none.
 */
export async function doctor({ json = false }: { json?: boolean }): Promise<number> {
  const terminal = new Terminal(json);
  const found = await diagnose();
  terminal.result(found);
  terminal.print(`adapter: ${found.adapter?.name ?? 'none; runs would use the reference device, which is slow'}`);
  if (found.adapter !== null) {
    terminal.print(`kind: ${found.adapter.kind}   vendor: ${found.adapter.vendor}   driver: ${found.adapter.driver}`);
    terminal.print(
      `timestamps: ${found.timestampNanoseconds === null ? 'none' : `in steps of ${found.timestampNanoseconds} ns`}`,
    );
  }
  const { tuning } = found;
  terminal.print(
    `tuning: ${tuning === null ? "none; run 'tessera tune' to measure which kernels are fastest here" : `${tuning.choices} choices in ${tuning.file}`}`,
  );
  for (const { where, outcome } of found.passedOver) terminal.print(`passed over: ${where}: ${outcome}`);
  for (const line of found.advice) terminal.print(`to do: ${line}`);
  for (const { name, kind, features, featuresWithoutToggles } of found.adapters) {
    const hidden = features.filter((feature) => !featuresWithoutToggles.includes(feature));
    terminal.print(`\n${kind}: ${name}`);
    terminal.print(`  features: ${featuresWithoutToggles.join(', ')}`);
    terminal.print(`  only with Tessera's toggles: ${hidden.join(', ') || 'none'}`);
  }
  terminal.print(
    `\n${table(
      ['limit', 'value'],
      SHOWN_LIMITS.filter((name) => name in found.limits).map((name) => [name, found.limits[name]]),
      [1],
    )}`,
  );
  terminal.print(
    `\n${Object.entries(found.platform)
      .map(([name, value]) => `${name}: ${value}`)
      .join('   ')}`,
  );
  return found.adapter === null ? 1 : 0;
}
