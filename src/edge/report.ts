/** Lines of JSON for what is wrong on the read path: few, because reads come in thousands. */
const QUIET_MS = 60_000
const MAX_ENTRIES = 1_000
const lastAt = new Map<string, number>()

/** For each stash no more than one line a minute. */
export function report(at: string, fault: unknown, facts: { stash: string }): void {
  const now = Date.now()
  const name = `${at} ${facts.stash}`
  if (now - (lastAt.get(name) ?? -Infinity) < QUIET_MS) return
  if (lastAt.size >= MAX_ENTRIES) lastAt.clear()
  lastAt.set(name, now)
  const message = fault instanceof Error ? fault.message : String(fault)
  write('error', at, message, facts)
}

const said = new Set<string>()

/** A warning that is true of the whole deployment: one line in the life of the isolate. */
export function reportOnce(at: string, message: string, facts: { stash: string }): void {
  const name = `${at} ${message}`
  if (said.has(name) || said.size >= MAX_ENTRIES) return
  said.add(name)
  write('warn', at, message, facts)
}

function write(level: 'error' | 'warn', at: string, message: string, facts: { stash: string }): void {
  console.error(JSON.stringify({ level, at: `edge/${at}`, message, ...facts }))
}
