import { create, globals } from 'webgpu';

export async function findAdapter() {
  Object.assign(globalThis, globals);
  const instance = create([]);
  const adapter = await instance.requestAdapter();
  if (adapter === null) return null;
  return { adapter, name: adapter.info.description || adapter.info.device, software: /llvmpipe|swiftshader/i.test(`${adapter.info.device} ${adapter.info.description}`), release: () => void instance };
}
