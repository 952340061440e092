/** A resource's end, with the longest it may take. */
interface Closer {
  readonly name: string;
  readonly deadlineMs: number;
  readonly close: () => void | Promise<void>;
}

/** Closes what was opened, last first, each within its deadline, and whatever one of them does. */
export interface Closers {
  /** To be called on the line after the resource exists. */
  add(name: string, deadlineMs: number, close: () => void | Promise<void>): void;
  /** Closes everything, once. Answers the names of those that failed or were too slow. */
  closeAll(): Promise<readonly string[]>;
}

export function makeClosers(): Closers {
  const open: Closer[] = [];
  let closing: Promise<readonly string[]> | undefined;

  const closeInTurn = async (): Promise<readonly string[]> => {
    const failed: string[] = [];
    for (let closer = open.pop(); closer !== undefined; closer = open.pop()) {
      if (!(await closesInTime(closer))) failed.push(closer.name);
    }
    return failed;
  };

  return {
    add: (name, deadlineMs, close) => {
      open.push({ name, deadlineMs, close });
    },
    closeAll: () => {
      closing ??= closeInTurn();
      return closing;
    },
  };
}

async function closesInTime({ close, deadlineMs }: Closer): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, false);
  });
  const closed = (async () => {
    await close();
    return true;
  })().catch(() => false);
  try {
    return await Promise.race([closed, late]);
  } finally {
    clearTimeout(timer);
  }
}
