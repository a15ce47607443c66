import { createRequire } from 'node:module';

/** The versions of this package and of Node, by name: a report has them. */
export function versions(): Record<string, string> {
  const { name, version } = createRequire(import.meta.url)('../../../package.json');
  return { [name]: version, node: process.versions.node };
}
