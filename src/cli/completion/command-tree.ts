import type { Command, Option } from 'commander';

/** A command as completion sees it. */
export interface CommandNode {
  /** From the root, such as `client create`; empty for the root itself. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly children: readonly CommandNode[];
  /** Whether it takes a file as its operand. */
  readonly takesFile: boolean;
}

export interface OptionNode {
  /** `--json`, and `-y` where there is a short form. */
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  readonly value: 'none' | 'text' | 'file';
}

/** The tree of commands below one, as completion scripts are made from. */
export function commandTree(command: Command, path = ''): CommandNode {
  return {
    path,
    name: command.name(),
    description: firstLine(command.description()),
    options: [...command.options.map(optionNode), HELP],
    children: command.commands.map((child) => commandTree(child, `${path} ${child.name()}`.trim())),
    takesFile: command.registeredArguments.some((argument) => argument.name().endsWith('-file')),
  };
}

/** Every command of a tree, the root first. */
export const allCommands = (node: CommandNode): readonly CommandNode[] => [
  node,
  ...node.children.flatMap(allCommands),
];

const HELP: OptionNode = { long: '--help', short: '-h', description: 'show help', value: 'none' };

function optionNode({ long, short, description, required, flags }: Option): OptionNode {
  const value = !required ? 'none' : flags.endsWith('<path>') ? 'file' : 'text';
  return { long: long ?? '', short, description: firstLine(description), value };
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
