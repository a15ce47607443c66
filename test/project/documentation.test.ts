import { fileURLToPath } from 'node:url';
import { Node, Project, Scope, SyntaxKind } from 'ts-morph';
import { expect, test } from 'vitest';

/*
 * Whatever a user can reach from an entry of the package has a doc comment: functions, classes and their members,
 * interfaces and theirs.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const ENTRIES = [
  'index',
  'kernels/index',
  'nn/index',
  'models/index',
  'data/index',
  'data/node/index',
  'predictor/node/index',
];

/** Whether the last thing in front of a node is a doc comment. */
function hasComment(node: Node): boolean {
  const before = node.getSourceFile().getFullText().slice(0, node.getStart()).trimEnd();
  return before.endsWith('*/') && before.startsWith('/**', before.lastIndexOf('/*'));
}

/** A declaration's comment stands before its statement. */
const isDocumented = (node: Node): boolean =>
  hasComment(Node.isVariableDeclaration(node) ? node.getVariableStatementOrThrow() : node);

/** Members that a user sees and that do not take their comment over from what they override. */
function membersOf(node: Node): { name: string; member: Node }[] {
  if (Node.isInterfaceDeclaration(node))
    return node.getMembers().map((member) => ({ name: Node.hasName(member) ? member.getName() : '()', member }));
  if (!Node.isClassDeclaration(node)) return [];
  return node.getMembers().flatMap((member): { name: string; member: Node }[] => {
    if (Node.isConstructorDeclaration(member))
      return member
        .getParameters()
        .filter((parameter) => parameter.isParameterProperty() && parameter.getScope() === Scope.Public)
        .map((parameter) => ({ name: parameter.getName(), member: parameter }));
    if (Node.isClassStaticBlockDeclaration(member) || member.getScope() === Scope.Private) return [];
    const name = member.getName();
    return name.startsWith('#') || member.hasModifier(SyntaxKind.OverrideKeyword) ? [] : [{ name, member }];
  });
}

test('the public interface is documented without a gap', { timeout: 60_000 }, () => {
  const project = new Project({ tsConfigFilePath: `${root}tsconfig.json`, skipAddingFilesFromTsConfig: true });
  const gaps = new Set<string>();
  for (const entry of ENTRIES) {
    const file = project.addSourceFileAtPath(`${root}src/${entry}.ts`);
    for (const [name, declarations] of file.getExportedDeclarations()) {
      if (!Node.isSourceFile(declarations[0]) && !declarations.some(isDocumented)) gaps.add(name);
      for (const { name: inner, member } of declarations.flatMap(membersOf))
        if (!hasComment(member)) gaps.add(`${name}.${inner}`);
    }
  }
  expect([...gaps]).toEqual([]);
});
