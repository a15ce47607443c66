import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import {
  type AdapterKind,
  type Attempt,
  type FindOptions,
  type FoundAdapter,
  identityOf,
  isSoftware,
  kindOf,
  nameOf,
  namesSoftware,
  type Search,
} from './adapter.js';
import type { Fingerprint } from './tuning.js';
import { withoutNoise } from './webgpu.node.stderr.js';
import { unpackOnce } from './webgpu.node.unpack.js';

export { readTuning, tuningFile } from './webgpu.node.tuning.js';
export { warn } from './webgpu.node.warn.js';

const require = createRequire(import.meta.url);

/*
 * Toggles of Dawn instances. Without the first, Dawn hides f16 and subgroup matrices on NVIDIA GPUs; without the
 * second, it quantizes timestamps to 65,536 ns.
 */
const TOGGLES = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
];

const SYSTEM = "the system's drivers";
const LOADER = 'libvulkan.so.1';
const SWIFTSHADER = '@sparticuz/chromium';
const SWIFTSHADER_RUNS_HERE = process.platform === 'linux' && process.arch === 'x64';

/** The environment variables that tell the Vulkan loader which drivers to load; it reads them for each instance. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];
const DRIVER_FILTERS = ['VK_LOADER_DRIVERS_SELECT', 'VK_LOADER_DRIVERS_DISABLE'];

/** A dlopen flag that node:os lacks: it keeps a library loaded even though Node's module system rejects it. */
const RTLD_NODELETE = 0x1000;

/**
 * Dawn's instances by toggles and drivers, kept until the process exits (2 MB each): Dawn crashes if an instance is
 * garbage collected before the last callback of its last device, and there is no way to tell when that is.
 */
const instances = new Map<string, GPU>();

/** Searches run one after the other, as a search may change environment variables temporarily. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Finds the best adapter that is available without root: a GPU, a software driver of the system, or the SwiftShader of
 * the optional package `@sparticuz/chromium` (Linux, x64). Returns null if there is none; never throws.
 */
export async function findAdapter(options: FindOptions = {}): Promise<FoundAdapter | null> {
  return (await searchAdapter(options)).found;
}

/** Does the same as `findAdapter`, but reports what was passed over even if nothing was found; never throws. */
export function searchAdapter(options: FindOptions = {}): Promise<Search> {
  const search = turn.then(() => lookAround(options));
  turn = search;
  return search;
}

async function lookAround({ from = 'auto', toggles = true }: FindOptions): Promise<Search> {
  const passedOver: Attempt[] = [];
  let found: FoundAdapter | null = null;
  if (from !== 'swiftshader') {
    found = await requestAdapter(SYSTEM, toggles, passedOver);
    // Containers often have a GPU driver but no Vulkan loader; SwiftShader's loader works too.
    if (found === null && SWIFTSHADER_RUNS_HERE && !hasLoader() && (await lendLoader(passedOver))) {
      found = await requestAdapter(`${SYSTEM}, through SwiftShader's Vulkan loader`, toggles, passedOver);
    }
    if (from === 'system-software' && found?.kind === 'hardware') {
      const software = (await adapterNames()).find((name) => namesSoftware(name) && !/swiftshader/i.test(name));
      if (software !== undefined) found = await requestAdapter(SYSTEM, toggles, passedOver, software);
    }
    if (found !== null && found.kind !== 'hardware' && from !== 'system-software') {
      passedOver.push({ where: 'a hardware GPU', outcome: `the system's drivers offer none, only ${found.name}` });
    }
    const refused =
      (from === 'hardware' && found?.kind !== 'hardware') ||
      (from === 'system-software' && found?.kind !== 'system software');
    if (refused) found = null;
  }
  if (found === null && (from === 'auto' || from === 'swiftshader'))
    found = await requestSwiftShader(toggles, passedOver);
  return { found, passedOver };
}

/** Returns Dawn's instance for these toggles and the drivers that the environment currently selects. */
async function dawn(switches: readonly string[]): Promise<GPU> {
  const variables = [...DRIVER_VARIABLES, ...DRIVER_FILTERS].map((name) => process.env[name]);
  const key = JSON.stringify([switches, variables, hasLoader()]);
  let instance = instances.get(key);
  if (instance === undefined) {
    // Imported lazily, so that a machine where Dawn's native library does not load can use the reference device.
    const { create, globals } = await import('webgpu');
    for (const [name, value] of Object.entries(globals)) {
      if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
    }
    instance = create([...switches]);
    instances.set(key, instance);
  }
  return instance;
}

async function requestAdapter(
  where: string,
  toggles: boolean,
  passedOver: Attempt[],
  only?: string,
): Promise<FoundAdapter | null> {
  try {
    const instance = await dawn([...(toggles ? TOGGLES : []), ...(only === undefined ? [] : [`adapter=${only}`])]);
    const adapter = await withoutNoise(() => instance.requestAdapter({ powerPreference: 'high-performance' }));
    if (adapter !== null) {
      return {
        adapter,
        passedOver,
        kind: kindOf(adapter),
        software: isSoftware(adapter),
        name: nameOf(adapter, await adapterNames()),
        languageFeatures: [...instance.wgslLanguageFeatures].sort(),
        release: () => {}, // The instance is shared, see `instances`.
      };
    }
    passedOver.push({ where, outcome: whyNone() });
  } catch (error) {
    passedOver.push({ where, outcome: `Dawn (npm webgpu) failed: ${messageOf(error)}` });
  }
  return null;
}

/** Returns the full names of all adapters, which Dawn lists in the error for an unknown name. */
async function adapterNames(): Promise<string[]> {
  try {
    const instance = await dawn(['adapter=(none of them: list them)']);
    await withoutNoise(() => instance.requestAdapter());
    return [];
  } catch (error) {
    return [...messageOf(error).matchAll(/name: '(.*)'/g)].map(([, name]) => name);
  }
}

function whyNone(): string {
  if (process.platform !== 'linux') return 'Dawn accepts no adapter';
  if (!hasLoader()) return `there is no Vulkan loader (${LOADER})`;
  const variable = DRIVER_VARIABLES.find((name) => process.env[name] !== undefined);
  const drivers = ['/etc', '/usr/local/share', '/usr/share']
    .map((root) => path.join(root, 'vulkan', 'icd.d'))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const which =
    variable === undefined ? drivers.join(', ') || 'none is installed' : `${variable}=${process.env[variable]}`;
  return `Dawn accepts no Vulkan driver (${which}); its warnings on standard error say why`;
}

/** Requests an adapter while SwiftShader is the only Vulkan driver. */
async function requestSwiftShader(toggles: boolean, passedOver: Attempt[]): Promise<FoundAdapter | null> {
  const where = 'SwiftShader';
  const folder = await swiftShader(passedOver);
  if (folder === null) return null;
  const before = [...DRIVER_VARIABLES, ...DRIVER_FILTERS].map((name) => [name, process.env[name]] as const);
  const driver = path.join(folder, 'vk_swiftshader_icd.json');
  try {
    for (const name of DRIVER_FILTERS) delete process.env[name];
    for (const name of DRIVER_VARIABLES) process.env[name] = driver;
    if (!hasLoader()) loadLibrary(path.join(folder, LOADER));
    const found = await requestAdapter(where, toggles, passedOver);
    if (found !== null && found.kind !== 'SwiftShader') {
      const why = isMainThread
        ? ''
        : '; start the worker with `env: SHARE_ENV`, as its own process.env does not reach the Vulkan loader';
      passedOver.push({ where, outcome: `Vulkan returned ${found.name} instead${why}` });
      return null;
    }
    for (const [name, value] of before) {
      if (found === null || value === undefined) continue;
      passedOver.push({ where: `${name}=${value}`, outcome: 'ignored in favor of SwiftShader' });
    }
    return found;
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/**
 * Loads a library until the process exits; returns null, or an error message. Node rejects a library that is not an
 * addon, but it stays loaded, and the dynamic linker then finds it by its name when Dawn asks for it.
 */
function loadLibrary(file: string): string | null {
  try {
    const { RTLD_NOW, RTLD_GLOBAL } = os.constants.dlopen;
    process.dlopen({ exports: {} }, file, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    if (!/self-register/.test(messageOf(error))) return messageOf(error);
  }
  return null;
}

/** Tests whether Dawn finds a Vulkan loader by name; true on systems other than Linux, where it does not need one. */
const hasLoader = (): boolean => process.platform !== 'linux' || loadLibrary(LOADER) === null;

/** Loads SwiftShader's Vulkan loader; returns whether that succeeded. */
async function lendLoader(passedOver: Attempt[]): Promise<boolean> {
  const attempts: Attempt[] = [];
  const folder = await swiftShader(attempts);
  const problem = folder === null ? attempts[0].outcome : loadLibrary(path.join(folder, LOADER));
  if (problem !== null) passedOver.push({ where: "SwiftShader's Vulkan loader", outcome: problem });
  return problem === null;
}

/** Returns the folder of SwiftShader; if it is not available, returns null and records why. */
async function swiftShader(passedOver: Attempt[]): Promise<string | null> {
  let outcome = `it is packaged for Linux on x64 only, this is ${process.platform} on ${process.arch}`;
  try {
    if (SWIFTSHADER_RUNS_HERE)
      return await unpackOnce(
        path.join(findPackage(SWIFTSHADER), 'bin', 'swiftshader.tar.br'),
        `swiftshader-${versionOf(SWIFTSHADER)}`,
      );
  } catch (error) {
    outcome = `unpacking it failed: ${messageOf(error)}`;
  }
  passedOver.push({ where: 'SwiftShader', outcome });
  return null;
}

/** Finds the folder of a package by path, as its `exports` may hide package.json. */
function findPackage(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    const candidate = path.join(folder, name);
    if (existsSync(path.join(candidate, 'package.json'))) return candidate;
  }
  throw new Error(`the package ${name} is not installed (it is optional: npm install without --omit=optional)`);
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(path.join(findPackage(name), 'package.json'), 'utf8')).version;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs garbage collection, and waits until finalization callbacks have run. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = globalThis.gc ?? runInNewContext('gc');
  collect();
  // Node runs finalization callbacks when it polls, between two turns of setImmediate.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Describes the platform that the engine runs on. */
export function platform(): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const name of ['webgpu', SWIFTSHADER]) {
    try {
      versions[name] = versionOf(name);
    } catch {
      versions[name] = 'not installed';
    }
  }
  return { node: process.version, ...versions, system: `${process.platform} ${process.arch} ${os.release()}` };
}

/** Returns the adapter and versions that measurements are valid for. */
export function fingerprintOf(adapter: GPUAdapter): Fingerprint {
  const { version } = require('../../package.json');
  return { ...identityOf(adapter), tessera: version, webgpu: versionOf('webgpu') };
}

/** Returns advice on what to install to get an adapter, or a better one than `kind`. */
export function advice(kind: AdapterKind | null): string[] {
  if (kind === 'hardware') return [];
  if (process.platform === 'win32') return ["install your GPU's driver from its maker; Dawn uses Direct3D 12"];
  if (process.platform === 'darwin')
    return ['Dawn uses Metal, which macOS 11 or newer has; virtual machines may lack it'];
  const gpu = "with a GPU, install its Vulkan driver: NVIDIA's own, or Mesa's for AMD and Intel";
  if (kind === 'system software') return [gpu];
  return [
    `${gpu} (Debian, Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1; Fedora: dnf install mesa-vulkan-drivers vulkan-loader)`,
    'without a GPU, the same packages of Mesa 23 or newer bring lavapipe, 4 times as fast as SwiftShader in matmul; Debian 12 has it in bookworm-backports',
    ...(kind === null && SWIFTSHADER_RUNS_HERE
      ? [`or let npm install the optional package ${SWIFTSHADER} (npm ci without --omit=optional)`]
      : []),
  ];
}
