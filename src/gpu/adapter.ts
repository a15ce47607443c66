import type { SubgroupMatrixConfig } from './kernel.js';

/** What stands behind an adapter: a GPU, the system's software driver, or the SwiftShader that comes with the package. */
export type AdapterKind = 'hardware' | 'system software' | 'SwiftShader';

/** One place where an adapter was sought, and the outcome. */
export interface Attempt {
  readonly where: string;
  readonly outcome: string;
}

/**
 * An adapter that was found.
 *
 * Hold its device as long as something of it is awaited: Dawn destroys a device that was collected, and rejects its
 * pending reads with an AbortError.
 */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly kind: AdapterKind;
  /** The adapter in a few words, such as `llvmpipe (LLVM 15.0.6, 256 bits), software`. */
  readonly name: string;
  /** True where the CPU does the work. */
  readonly software: boolean;
  /** What was passed over before it was found, and why. */
  readonly passedOver: readonly Attempt[];
  /** What the implementation adds to WGSL's core language. */
  readonly languageFeatures: readonly string[];
  /** Says that the adapter is no longer needed. Safe at any time, and not needed for the process to end. */
  release(): void;
}

export interface FindOptions {
  /**
   * Where to look. 'auto' (default): the best there is. 'system': what the system's drivers offer, of which 'hardware'
   * and 'system-software' take only the one kind. 'swiftshader': the bundled one.
   */
  readonly from?: 'auto' | 'system' | 'hardware' | 'system-software' | 'swiftshader';
  /** Dawn's instance switches that show all features and exact timestamps; default true. */
  readonly toggles?: boolean;
}

/** What came of a search: unlike a bare null, it says why nothing was found. */
export interface Search {
  readonly found: FoundAdapter | null;
  readonly passedOver: readonly Attempt[];
}

/** An adapter as plain data. */
export interface AdapterDescription {
  readonly name: string;
  readonly kind: AdapterKind;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly driver: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** The smallest and the greatest subgroup, where the adapter says. */
  readonly subgroupSizes: readonly [number, number] | null;
  readonly subgroupMatrixConfigs: readonly SubgroupMatrixConfig[];
}

/** True where a name or description is that of a software adapter. */
export const namesSoftware = (text: string): boolean =>
  /llvmpipe|lavapipe|swiftshader|basic render|\bwarp\b|software/i.test(text);

const infoText = ({ vendor, architecture, device, description }: GPUAdapterInfo): string =>
  [vendor, architecture, device, description].join(' ');

/** True where the CPU does the adapter's work. */
export const isSoftware = ({ info }: GPUAdapter): boolean => info.isFallbackAdapter || namesSoftware(infoText(info));

/** What stands behind an adapter, by what it says of itself. */
export function kindOf(adapter: GPUAdapter): AdapterKind {
  if (!isSoftware(adapter)) return 'hardware';
  return /swiftshader/i.test(infoText(adapter.info)) ? 'SwiftShader' : 'system software';
}

/**
 * The adapter in a few words. `info.device` is a name made lower case and hyphenated; where `fullNames` holds the name
 * that it was made from, that one is given.
 */
export function nameOf(adapter: GPUAdapter, fullNames: readonly string[] = []): string {
  const { vendor, architecture, device, description } = adapter.info;
  const full = fullNames.find((name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-') === device);
  const name = full ?? (device || description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed');
  return isSoftware(adapter) ? `${name}, software` : name;
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

/** What identifies an adapter and its driver. */
export function identityOf({ info }: GPUAdapter) {
  const { vendor, architecture, device, description } = info;
  return { vendor, architecture, device, driver: description };
}

/** The matrices that an adapter's subgroups multiply at once. */
export const subgroupMatricesOf = (
  info: GPUAdapterInfo & { readonly subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig> },
): SubgroupMatrixConfig[] =>
  Array.from(info.subgroupMatrixConfigs ?? [], ({ componentType, resultComponentType, M, N, K }) => ({
    componentType,
    resultComponentType,
    M,
    N,
    K,
  }));

/** Everything that an adapter says of itself, as plain data that JSON keeps whole. */
export function describeAdapter({ adapter, kind, name }: FoundAdapter): AdapterDescription {
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  return {
    name,
    kind,
    ...identityOf(adapter),
    features: [...adapter.features].sort(),
    limits: limitsOf(adapter),
    subgroupSizes: subgroupMinSize && subgroupMaxSize ? [subgroupMinSize, subgroupMaxSize] : null,
    subgroupMatrixConfigs: subgroupMatricesOf(adapter.info),
  };
}
