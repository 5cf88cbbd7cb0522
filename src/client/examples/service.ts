// A service that goes on with the last known values while Switchyard is away, and over its own restarts.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { connect } from 'switchyard/client'

const flags = connect({
  url: process.env['SWITCHYARD_URL'] ?? '',
  stash: process.env['SWITCHYARD_STASH'] ?? '',
  // Last known values outlive a restart. Replaced whole, so that a crash in mid-write leaves the ones before.
  store: {
    load: () => readFile('flags.json', 'utf8').catch(() => null),
    save: (text) => writeFile('flags.json.new', text).then(() => rename('flags.json.new', 'flags.json')),
  },
})
// Waits at most 2 s, never throws.
await flags.ready(2_000)

export function price(user: string): string {
  if (flags.bool('maintenance-mode', false)) return 'closed'
  return flags.percentage('new-prices', user, false) ? 'new' : 'old'
}
