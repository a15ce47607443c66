import type { SubgroupMatrixConfig } from './kernel.js';

/** The kind of an adapter: a GPU, a software driver of the system, or the bundled SwiftShader. */
export type AdapterKind = 'hardware' | 'system software' | 'SwiftShader';

/** One place where an adapter was searched for, and the outcome. */
export interface Attempt {
  readonly where: string;
  readonly outcome: string;
}

/**
 * An adapter that was found.
 *
 * Keep a reference to its device while awaiting any of its promises: Dawn destroys a device that is garbage collected,
 * and rejects its pending reads with an AbortError.
 */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly kind: AdapterKind;
  /** The name of the adapter, such as `llvmpipe (LLVM 15.0.6, 256 bits), software`. */
  readonly name: string;
  /** Whether the adapter runs on the CPU. */
  readonly software: boolean;
  /** The adapters that were passed over before this one, and why. */
  readonly passedOver: readonly Attempt[];
  /** The WGSL language extensions of the implementation. */
  readonly languageFeatures: readonly string[];
  /** Releases the adapter. It is safe to call at any time, and not required for the process to exit. */
  release(): void;
}

/** Options of a search for an adapter. */
export interface FindOptions {
  /**
   * Where to search: 'auto' (default) for the best available adapter; 'system' for the best one of the system's
   * drivers, 'hardware' or 'system-software' for one of that kind only; 'swiftshader' for the bundled software adapter.
   */
  readonly from?: 'auto' | 'system' | 'hardware' | 'system-software' | 'swiftshader';
  /** Whether Dawn's toggles enable all features and exact timestamps. Default true. */
  readonly toggles?: boolean;
}

/** The result of a search; if nothing was found, `passedOver` says why. */
export interface Search {
  readonly found: FoundAdapter | null;
  readonly passedOver: readonly Attempt[];
}

/** A description of an adapter as plain data. */
export interface AdapterDescription {
  readonly name: string;
  readonly kind: AdapterKind;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly driver: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** The minimum and maximum subgroup size; null if the adapter does not report them. */
  readonly subgroupSizes: readonly [number, number] | null;
  readonly subgroupMatrixConfigs: readonly SubgroupMatrixConfig[];
}

/** Tests whether a name or description is that of a software adapter. */
export const namesSoftware = (text: string): boolean =>
  /llvmpipe|lavapipe|swiftshader|basic render|\bwarp\b|software/i.test(text);

const infoText = ({ vendor, architecture, device, description }: GPUAdapterInfo): string =>
  [vendor, architecture, device, description].join(' ');

/** Tests whether an adapter runs on the CPU. */
export const isSoftware = ({ info }: GPUAdapter): boolean => info.isFallbackAdapter || namesSoftware(infoText(info));

/** Returns the kind of an adapter, by its own description. */
export function kindOf(adapter: GPUAdapter): AdapterKind {
  if (!isSoftware(adapter)) return 'hardware';
  return /swiftshader/i.test(infoText(adapter.info)) ? 'SwiftShader' : 'system software';
}

/**
 * Returns the name of an adapter. `info.device` is a lower-case, hyphenated form of it; the name is taken from
 * `fullNames` if one of these has that form.
 */
export function nameOf(adapter: GPUAdapter, fullNames: readonly string[] = []): string {
  const { vendor, architecture, device, description } = adapter.info;
  const full = fullNames.find((name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-') === device);
  const name = full ?? (device || description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed');
  return isSoftware(adapter) ? `${name}, software` : name;
}

/** Returns the limits of an adapter as a plain object. */
export function limitsOf(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  return limits;
}

/** Returns the fields that identify an adapter and its driver. */
export function identityOf({ info }: GPUAdapter) {
  const { vendor, architecture, device, description } = info;
  return { vendor, architecture, device, driver: description };
}

/** Returns the subgroup matrix configurations of an adapter. */
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

/** Describes an adapter as plain data that can be written as JSON. */
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
