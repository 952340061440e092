import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';

/** A completion script for zsh, to be evaluated or put into a folder of $fpath as _countersign. */
export function zshCompletion(root: CommandNode): string {
  const functions = allCommands(root).map(functionText).join('\n');
  return `#compdef countersign
# zsh completion for countersign. Load it with: source <(countersign completion zsh)
${functions}
if [[ "\${funcstack[1]}" == _countersign ]]; then
  _countersign "$@"
else
  compdef _countersign countersign
fi
`;
}

const functionName = (path: string): string =>
  ['_countersign', ...path.split(/[ -]/)].filter(Boolean).join('_');

function functionText({ path, options, children, takesFile }: CommandNode): string {
  const specs = options.map(optionText);
  if (children.length === 0) {
    const operands = [takesFile ? "'*:file:_files'" : "'*:operand: '"];
    return `${functionName(path)}() {\n  _arguments -s ${[...specs, ...operands].join(' ')}\n}\n`;
  }
  const described = children.map(({ name, description }) =>
    quoted(`${name}:${description.replaceAll(':', '\\:')}`),
  );
  const cases = children.map(({ name, path: child }) => `        ${name}) ${functionName(child)} ;;`);
  return `${functionName(path)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${specs.join(' ')} '1: :->command' '*:: :->rest'
  case "$state" in
    command)
      local -a commands=(${described.join(' ')})
      _describe command commands ;;
    rest)
      case "\${line[1]}" in
${cases.join('\n')}
      esac ;;
  esac
}
`;
}

function optionText({ long, description, value }: OptionNode): string {
  const text = description.replace(/[[\]:]/g, (character) => `\\${character}`);
  const action = value === 'none' ? '' : value === 'file' ? ':path:_files' : ':value: ';
  return quoted(`*${long}[${text}]${action}`);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
