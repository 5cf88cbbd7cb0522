import { describe, expect, it } from 'vitest'
import { CHECK_NAMES } from '../../src/model/health.ts'
import { LOG_INTERVAL_MS, LogLimit } from '../../src/model/log-limit.ts'
import { LOG_NAMES } from '../../src/model/log-names.ts'
import { readText } from '../support/guides.ts'

const guide = await readText('src/docs/operate/operating.md')
const NAMES = Object.entries(LOG_NAMES).flatMap(([room, names]) => names.map((name) => `${room}/${name}`))

/** The text from one line of the guide to another. */
const between = (from: string, to: string): string =>
  guide.slice(guide.indexOf(`\n${from}`), guide.indexOf(`\n${to}`, guide.indexOf(`\n${from}`)))

describe("the guide's table of alerts", () => {
  const table = between('## Alerts', 'For Grafana Loki')
  const rows = table.split('\n').filter((line) => line.startsWith('| `') && !line.startsWith('| `at`'))
  it('explains every log name with its severity and action, and no other', () => {
    const named = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/[a-z]+\/[a-z_]+/g) ?? [])
    expect(named.sort()).toEqual(NAMES.toSorted())
    for (const row of rows) expect(row.split('|')[3], row).toMatch(/page|ticket|none/)
  })
  it('has rules for existing lines, and all lines that page', () => {
    const rules = between('groups:', '```')
    const patterns = [...rules.matchAll(/at=~"(.*?)"/g)].map(([, pattern = '']) => pattern)
    expect(patterns).toHaveLength(3)
    const listed = patterns.flatMap((pattern) => pattern.match(/[a-z_]+(?=[|)"]|$)/g) ?? [])
    const found = NAMES.filter((name) => patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(name)))
    expect(found).toHaveLength(listed.length)
    const paging = rows.filter((row) => /page/.test(row.split('|')[3] ?? ''))
    for (const row of paging) {
      const names = (row.split('|')[1] ?? '').match(/[a-z]+\/[a-z_]+/g) ?? []
      for (const name of names) expect(found).toContain(name)
    }
  })
  it('is below a table of the checks of health', () => {
    const checks = between('## Health', '## Alerts').match(/^\| `([a-z_]+)`/gm)
    expect(checks).toEqual(CHECK_NAMES.map((name) => `| \`${name}\``))
  })
})

describe('LogLimit', () => {
  it('lets one line a minute through for each key, with the number of omitted ones', () => {
    const limit = new LogLimit()
    expect(limit.admit('a', 0)).toBe(0)
    expect([1, 2, LOG_INTERVAL_MS - 1].map((now) => limit.admit('a', now))).toEqual([null, null, null])
    expect(limit.admit('b', 2)).toBe(0)
    expect(limit.admit('a', LOG_INTERVAL_MS)).toBe(3)
    expect(limit.admit('a', 2 * LOG_INTERVAL_MS)).toBe(0)
  })
  it('is blocked neither by a clock that is set back nor by many new keys', () => {
    const limit = new LogLimit()
    limit.admit('a', 10 * LOG_INTERVAL_MS)
    expect(limit.admit('a', 5)).toBe(0)
    for (let i = 0; i < 3_000; i++) expect(limit.admit(`key ${i}`, 6)).toBe(0)
  })
})
