/** Waits until a condition holds, looking again whenever the event loop has gone round. Gives up after 8 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const givesUpAtMs = performance.now() + 8000;
  while (!(await condition())) {
    if (performance.now() > givesUpAtMs) throw new Error(`It never came to pass that ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
