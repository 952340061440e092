import { allCommands, type CommandNode } from './command-tree.js';

/** A completion script for fish. */
export function fishCompletion(root: CommandNode): string {
  const steps = allCommands(root)
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path));
  const lines = allCommands(root).flatMap(linesOf);
  return `# fish completion for countersign. Load it with: countersign completion fish | source
function __countersign_at
    set -l path
    for word in (commandline -opc)[2..]
        set -l step (string join -- ' ' $path $word)
        if contains -- $step ${steps.join(' ')}
            set -a path $word
        end
    end
    test "$path" = "$argv"
end
complete -c countersign -f
${lines.join('\n')}
`;
}

function linesOf({ path, options, children, takesFile }: CommandNode): readonly string[] {
  const at = `complete -c countersign -n ${quoted(`__countersign_at ${path}`.trim())}`;
  return [
    ...children.map(({ name, description }) => `${at} -a ${name} -d ${quoted(description)}`),
    ...options.map(({ long, short, description, value }) => {
      const form = `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
      const takes = value === 'none' ? '' : value === 'file' ? ' -r -F' : ' -x';
      return `${at}${form}${takes} -d ${quoted(description)}`;
    }),
    ...(takesFile ? [`${at} -F`] : []),
  ];
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
