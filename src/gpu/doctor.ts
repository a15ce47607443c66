import { advice, findAdapter, platform } from '#webgpu';
import { type AdapterKind, type Attempt, limitsOf } from './adapter.js';
import { measurePasses } from './timestamps.js';

/** What `tessera doctor` tells of a machine. */
export interface Diagnosis {
  /** The adapter that runs would use; null where only the reference device is left. */
  readonly adapter: { readonly name: string; readonly kind: AdapterKind; readonly vendor: string; readonly driver: string } | null;
  readonly passedOver: readonly Attempt[];
  /** Every adapter found, with its features as Dawn shows them with our toggles and without. */
  readonly adapters: readonly {
    readonly name: string;
    readonly kind: AdapterKind;
    readonly features: readonly string[];
    readonly featuresWithoutToggles: readonly string[];
  }[];
  readonly limits: Readonly<Record<string, number>>;
  /** The smallest step that timestamps were seen to take; null without timestamps. */
  readonly timestampNanoseconds: number | null;
  readonly platform: Readonly<Record<string, string>>;
  readonly advice: readonly string[];
}

/** Looks at every adapter there is, in the order in which runs would take them. */
export async function diagnose(): Promise<Diagnosis> {
  const adapters = [];
  const passedOver: Attempt[] = [];
  for (const from of ['system', 'swiftshader'] as const) {
    const found = await findAdapter({ from });
    if (found === null) {
      passedOver.push({ where: from === 'system' ? "the system's drivers" : 'SwiftShader', outcome: 'no adapter that Dawn accepts' });
      continue;
    }
    const plain = await findAdapter({ from, toggles: false });
    adapters.push({
      found,
      name: found.name,
      kind: found.kind,
      features: [...found.adapter.features].sort(),
      featuresWithoutToggles: [...(plain?.adapter.features ?? [])].sort(),
    });
    plain?.release();
  }
  const best = adapters[0]?.found ?? null;
  const info = best?.adapter.info;
  const diagnosis: Diagnosis = {
    adapter: best === null || info === undefined ? null : { name: best.name, kind: best.kind, vendor: info.vendor, driver: info.description },
    passedOver,
    adapters: adapters.map(({ found: _, ...shown }) => shown),
    limits: best === null ? {} : limitsOf(best.adapter),
    timestampNanoseconds: best?.adapter.features.has('timestamp-query') ? await timestampStep(best.adapter) : null,
    platform: platform(),
    advice: best === null ? advice() : [],
  };
  for (const { found } of adapters) found.release();
  return diagnosis;
}

/** The greatest step of which all durations of a few empty passes are multiples. */
async function timestampStep(adapter: GPUAdapter): Promise<number> {
  const device = await adapter.requestDevice({ requiredFeatures: ['timestamp-query'] });
  const durations = await measurePasses(device, Array.from({ length: 64 }, () => () => {}));
  device.destroy();
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return durations.reduce(divisor, 0);
}
