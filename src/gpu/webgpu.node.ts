import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync } from 'node:zlib';
import envPaths from 'env-paths';
import * as tar from 'tar';
import { type Attempt, type FindOptions, type FoundAdapter, isSoftware, kindOf, nameOf } from './adapter.js';

const require = createRequire(import.meta.url);

/*
 * Toggles of the Dawn instance: NVIDIA's f16 and subgroup matrices are hidden without the first, and without the
 * second timestamps sit on a grid of 65,536 ns.
 */
const TOGGLES = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
];

/** Not in node:os: keeps a library loaded although the module system rejects it. */
const RTLD_NODELETE = 0x1000;

/** Dawn dies with the object that `create` returned: those of living adapters are kept here. */
const instances = new Set<GPU>();

/**
 * The best adapter that this machine has without root: a hardware GPU, a software driver of the system that Dawn
 * accepts, or the SwiftShader of the optional package `@sparticuz/chromium` (Linux, x64). Null where there is none.
 */
export async function findAdapter({ from = 'auto', toggles = true }: FindOptions = {}): Promise<FoundAdapter | null> {
  const passedOver: Attempt[] = [];
  if (from !== 'swiftshader') {
    const found = await requestFrom("the system's drivers", toggles, passedOver);
    if (found !== null || from === 'system') return found;
  }
  const missing = await loadSwiftShader();
  if (missing !== null) {
    passedOver.push({ where: 'SwiftShader', outcome: missing });
    return null;
  }
  return requestFrom('SwiftShader', toggles, passedOver);
}

async function requestFrom(where: string, toggles: boolean, passedOver: Attempt[]): Promise<FoundAdapter | null> {
  let instance: GPU;
  try {
    // Loaded here and not above: Dawn's native library must not stop a machine that has no use for it.
    const { create, globals } = await import('webgpu');
    for (const [name, value] of Object.entries(globals)) if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
    instance = create(toggles ? TOGGLES : []);
  } catch (error) {
    passedOver.push({ where, outcome: `Dawn does not load: ${(error as Error).message}` });
    return null;
  }
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    passedOver.push({ where, outcome: 'no adapter that Dawn accepts' });
    return null;
  }
  instances.add(instance);
  return {
    adapter,
    kind: kindOf(adapter),
    name: nameOf(adapter),
    software: isSoftware(adapter),
    passedOver,
    release: () => instances.delete(instance),
  };
}

/**
 * Makes SwiftShader the only Vulkan driver of this process. Returns null when it is, or why it cannot be.
 *
 * Dawn looks for `libvulkan.so.1` by name. Where the system has no such loader, ours is loaded first: Node rejects it
 * as an addon, but it stays loaded, and the dynamic linker then finds it by its name.
 */
async function loadSwiftShader(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `it is packaged for Linux on x64, this is ${process.platform} on ${process.arch}`;
  let folder: string;
  try {
    folder = await unpackSwiftShader();
  } catch (error) {
    return `unpacking it failed: ${(error as Error).message}`;
  }
  const driver = path.join(folder, 'vk_swiftshader_icd.json');
  process.env.VK_ICD_FILENAMES = driver;
  process.env.VK_DRIVER_FILES = driver;
  try {
    const { RTLD_NOW, RTLD_GLOBAL } = os.constants.dlopen;
    process.dlopen({ exports: {} }, path.join(folder, 'libvulkan.so.1'), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    if (!/self-register/.test((error as Error).message)) return `its Vulkan loader does not load: ${(error as Error).message}`;
  }
  return null;
}

/** Unpacks the package's archive into the user's cache, once a version; a second process or a Ctrl-C leaves no half. */
async function unpackSwiftShader(): Promise<string> {
  let root: string;
  try {
    root = path.dirname(require.resolve('@sparticuz/chromium/package.json'));
  } catch {
    root = findPackage('@sparticuz/chromium');
  }
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const cache = envPaths('tessera', { suffix: '' }).cache;
  const folder = path.join(cache, `swiftshader-${version}`);
  if (existsSync(path.join(folder, 'vk_swiftshader_icd.json'))) return folder;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(path.join(cache, 'unpacking-'));
  try {
    const archive = brotliDecompressSync(readFileSync(path.join(root, 'bin', 'swiftshader.tar.br')));
    await pipeline(Readable.from([archive]), tar.extract({ cwd: temporary }));
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was first: its folder is as good.
    if (!existsSync(path.join(folder, 'vk_swiftshader_icd.json'))) throw error;
  }
  return folder;
}

/** A package's folder where its `exports` hide package.json. */
function findPackage(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    const candidate = path.join(folder, name);
    if (existsSync(path.join(candidate, 'package.json'))) return candidate;
  }
  throw new Error(`the package ${name} is not installed (it is optional: npm install without --omit=optional)`);
}

/** What runs the engine, in words. */
export function platform(): Record<string, string> {
  const webgpu = JSON.parse(readFileSync(path.join(findPackage('webgpu'), 'package.json'), 'utf8')) as { version: string };
  return { node: process.version, webgpu: webgpu.version, system: `${process.platform} ${process.arch} ${os.release()}` };
}

/** What to install where no adapter was found. */
export function advice(): string[] {
  if (process.platform === 'linux') {
    return [
      "install your GPU's driver with Vulkan: NVIDIA's own, or mesa-vulkan-drivers for AMD and Intel; and the loader, libvulkan1",
      'without a GPU: mesa-vulkan-drivers of Mesa 23 or newer (lavapipe), or the optional package @sparticuz/chromium on x64',
    ];
  }
  return process.platform === 'win32'
    ? ["install your GPU's driver from its maker; Dawn uses Direct3D 12"]
    : ['Dawn uses Metal, which macOS 11 or newer has; virtual machines may lack it'];
}
