import { allCommands, type CommandNode } from './command-tree.js';

/** A completion script for bash 4 or later. */
export function bashCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const options = commands.flatMap((command) => command.options);
  const long = (value: 'text' | 'file'): string =>
    [...new Set(options.filter((option) => option.value === value).map((option) => option.long))].join('|');
  const steps = commands.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const cases = commands.map(
    ({ path, options: own, children }) =>
      `    '${path}') words='${[...children.map(({ name }) => name), ...own.map((option) => option.long)].join(' ')}' ;;`,
  );
  const fileOperands = commands.filter(({ takesFile }) => takesFile).map(({ path }) => `'${path}'`);
  return `# bash completion for countersign. Load it with: source <(countersign completion bash)
_countersign() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' step i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    step="\${path:+$path }\${COMP_WORDS[i]}"
    case "$step" in
      ${steps.join('|')}) path="$step" ;;
    esac
  done
  case "$previous" in
    ${long('file')}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    ${long('text')}) return ;;
  esac
  case "$path" in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  case "$path" in
    ${fileOperands.join('|')})
      if [[ "$current" != -* ]]; then mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi ;;
  esac
}
complete -o filenames -F _countersign countersign
`;
}
