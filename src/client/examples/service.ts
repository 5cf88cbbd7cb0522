// A service that continues with the last known values while Switchyard is away, and after its own restart.
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'switchyard-flags/client'

const flags = connect({
  url: process.env['SWITCHYARD_URL'] ?? '',
  stash: process.env['SWITCHYARD_STASH'] ?? '',
  // Keeps the last known values over a restart.
  store: { load: () => readFile('flags.json', 'utf8').catch(() => null), save },
  report: ({ message }) => console.warn(`switchyard: ${message}`),
})
// It waits at most 2 s, and never throws.
await flags.ready(2_000)

export function price(user: string): string {
  if (flags.bool('maintenance-mode', false)) return 'closed'
  return flags.percentage('new-prices', user, false) ? 'new' : 'old'
}

/** Replaces the file as a whole: a crash during the write leaves the values before. With `wx` it follows no link of others. */
async function save(text: string): Promise<void> {
  const draft = `flags.json.${randomUUID()}`
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600 })
    await rename(draft, 'flags.json')
  } finally {
    await rm(draft, { force: true })
  }
}
