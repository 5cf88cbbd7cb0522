/** One line of JSON for each fault on the read path, and for each stash no more than one a minute: reads come in thousands. */
const QUIET_MS = 60_000
const MAX_ENTRIES = 1_000
const lastAt = new Map<string, number>()

export function report(at: string, fault: unknown, facts: { stash: string }): void {
  const now = Date.now()
  const name = `${at} ${facts.stash}`
  if (now - (lastAt.get(name) ?? -Infinity) < QUIET_MS) return
  if (lastAt.size >= MAX_ENTRIES) lastAt.clear()
  lastAt.set(name, now)
  const message = fault instanceof Error ? fault.message : String(fault)
  console.error(JSON.stringify({ level: 'error', at: `edge/${at}`, message, ...facts }))
}
