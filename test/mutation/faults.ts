import type { Kernel } from '../../src/gpu/index.js';
import { programOf } from '../../src/gpu/kernel.js';

/** One small fault put into a kernel's WGSL. */
export interface Fault {
  readonly kernel: string;
  readonly kind: string;
  /** The line of the kernel, without its indentation, and what stands there now. */
  readonly line: string;
  readonly changed: string;
  /** The kernel's program with the fault, its hooks still open. */
  readonly wgsl: string;
}

interface Rule {
  readonly kind: string;
  readonly pattern: RegExp;
  readonly to: string;
}

/** Each rule makes one fault for each place where its pattern stands. */
const RULES: readonly Rule[] = [
  { kind: 'swapped operator', pattern: / \+ /g, to: ' - ' },
  { kind: 'swapped operator', pattern: / - /g, to: ' + ' },
  { kind: 'swapped operator', pattern: / \* /g, to: ' + ' },
  { kind: 'swapped operator', pattern: / \/ /g, to: ' * ' },
  { kind: 'swapped operator', pattern: / % /g, to: ' / ' },
  { kind: 'swapped operator', pattern: / && /g, to: ' || ' },
  { kind: 'swapped operator', pattern: / \|\| /g, to: ' && ' },
  { kind: 'swapped operator', pattern: / & /g, to: ' | ' },
  { kind: 'swapped operator', pattern: /\bmax\(/g, to: 'min(' },
  { kind: 'swapped operator', pattern: /\bmin\(/g, to: 'max(' },
  { kind: 'bound off by one', pattern: / < /g, to: ' <= ' },
  { kind: 'bound off by one', pattern: / <= /g, to: ' < ' },
  { kind: 'bound off by one', pattern: / > /g, to: ' >= ' },
  { kind: 'bound off by one', pattern: / >= /g, to: ' > ' },
  { kind: 'index off by one', pattern: /(?<=\w)\[(?=[a-z])/g, to: '[1u + ' },
  { kind: 'index off by one', pattern: /\b0u;/g, to: '1u;' },
  { kind: 'dropped barrier', pattern: /(?:workgroup|storage)Barrier\(\);/g, to: '' },
  { kind: 'dropped term', pattern: / \+= /g, to: ' = ' },
  { kind: 'dropped term', pattern: / -= /g, to: ' = ' },
  { kind: 'wrong identity', pattern: /\b0\.0\b/g, to: '1.0' },
  { kind: 'wrong identity', pattern: /\bf32\(0\)/g, to: 'f32(1)' },
  { kind: 'wrong identity', pattern: /\bf32\(1\)/g, to: 'f32(2)' },
  { kind: 'wrong identity', pattern: /\bvec4f\(\)/g, to: 'vec4f(1)' },
  { kind: 'wrong identity', pattern: /\bElement\(\)/g, to: 'Element(1)' },
];

/** Lines that say what there is, not what is done: a fault there is none, or does not compile. */
const DECLARATION = /^\s*(?:struct|@|alias|const|var<workgroup>|fn .*\{$|\/[/*]|\*|\}$)/;

/** All faults of a kernel, in the order of its lines. */
export function faultsOf(kernel: Kernel): Fault[] {
  const lines = kernel.wgsl.split('\n');
  return lines.flatMap((text, at) => {
    const [code] = text.split('//');
    if (code.trim() === '' || DECLARATION.test(code)) return [];
    return RULES.flatMap(({ kind, pattern, to }) =>
      [...code.matchAll(pattern)].map((match): Fault => {
        const changed = code.slice(0, match.index) + to + code.slice(match.index + match[0].length);
        const wgsl = lines.with(at, changed).join('\n');
        return { kernel: kernel.name, kind, line: code.trim(), changed: changed.trim(), wgsl };
      }),
    );
  });
}

/** The kernel with a fault in it. */
export const withFault = (kernel: Kernel, { wgsl }: Fault): Kernel => ({
  ...kernel,
  wgsl,
  source: programOf(wgsl, kernel),
});
