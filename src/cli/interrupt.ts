/** What Ctrl-C does: by default it ends the process at once. A command that has to end its own work takes it over. */
let held: (() => void) | undefined

/** @returns gives Ctrl-C back */
export function holdInterrupts(onInterrupt: () => void): () => void {
  held = onInterrupt
  return () => (held = undefined)
}

/** @returns whether a command took it over */
export function passInterrupt(): boolean {
  held?.()
  return held !== undefined
}
