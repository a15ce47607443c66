/** What stands behind an adapter: a GPU, the system's software driver, or the SwiftShader that comes with the package. */
export type AdapterKind = 'hardware' | 'system software' | 'SwiftShader';

/** One place that was looked at, and what came of it. */
export interface Attempt {
  readonly where: string;
  readonly outcome: string;
}

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly kind: AdapterKind;
  /** The adapter in a few words, such as `NVIDIA H200 (hardware)`. */
  readonly name: string;
  /** True where the CPU does the work. */
  readonly software: boolean;
  /** What was passed over before it was found. */
  readonly passedOver: readonly Attempt[];
  /** Lets go of what keeps the adapter alive; call it when its device is destroyed. */
  release(): void;
}

export interface FindOptions {
  /** 'auto' (default): the best there is. 'system': what the system's drivers offer. 'swiftshader': the bundled one. */
  readonly from?: 'auto' | 'system' | 'swiftshader';
  /** Dawn's instance switches that show all features and exact timestamps; default true. */
  readonly toggles?: boolean;
}

/** True where the CPU does the adapter's work. */
export function isSoftware({ info }: GPUAdapter): boolean {
  return info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|basic render|\bwarp\b|software/i.test(describe(info));
}

const describe = ({ vendor, architecture, device, description }: GPUAdapterInfo): string =>
  [vendor, architecture, device, description].join(' ');

export function kindOf(adapter: GPUAdapter): AdapterKind {
  if (!isSoftware(adapter)) return 'hardware';
  return /swiftshader/i.test(describe(adapter.info)) ? 'SwiftShader' : 'system software';
}

/** The adapter in a few words. */
export function nameOf(adapter: GPUAdapter): string {
  const { vendor, architecture, device, description } = adapter.info;
  const kind = kindOf(adapter);
  return `${description || device || [vendor, architecture].join(' ')} (${kind === 'hardware' ? 'hardware' : 'software, on the CPU'})`;
}

/** An adapter's limits as plain numbers. */
export function limitsOf(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  return limits;
}
