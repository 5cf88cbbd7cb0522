// A service that goes on with the last known values while Switchyard is away, and over its own restarts.
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'switchyard/client'

const flags = connect({
  url: process.env['SWITCHYARD_URL'] ?? '',
  stash: process.env['SWITCHYARD_STASH'] ?? '',
  // Last known values outlive a restart.
  store: { load: () => readFile('flags.json', 'utf8').catch(() => null), save },
  report: ({ message }) => console.warn(`switchyard: ${message}`),
})
// Waits at most 2 s, never throws.
await flags.ready(2_000)

export function price(user: string): string {
  if (flags.bool('maintenance-mode', false)) return 'closed'
  return flags.percentage('new-prices', user, false) ? 'new' : 'old'
}

/** Replaced whole, so that a crash in mid-write leaves the ones before. `wx`: through no link that others have laid here. */
async function save(text: string): Promise<void> {
  const draft = `flags.json.${randomUUID()}`
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600 })
    await rename(draft, 'flags.json')
  } finally {
    await rm(draft, { force: true })
  }
}
