/** What the client uses of Node, where it runs in Node. In a browser or a Worker there may be none of it. */

type Fs = {
  statSync(path: string, options: { throwIfNoEntry: false }): { isFile(): boolean; size: number } | undefined
  readFileSync(path: string, encoding: 'utf8'): string
  watchFile(path: string, options: { interval: number; persistent: boolean }, listener: () => void): unknown
  unwatchFile(path: string, listener: () => void): void
}

type Process = {
  env?: Record<string, string | undefined>
  versions?: { node?: string }
  /** Since Node 20.16. */
  getBuiltinModule?(id: 'node:fs'): Fs | undefined
}

// The types are those of Node.
export const getProcess = (): Process => (globalThis as { process?: Process }).process ?? {}
