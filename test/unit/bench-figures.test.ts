import { describe, expect, it } from 'vitest'
import { replaceRegion, toMarkdown } from '../bench/figures.ts'
import { readText } from '../support/guides.ts'

const run = { day: '2026-11-27', cpu: 'A CPU', cores: 2, node: '22.23.3', load: 0.14 }
const costs = { title: 'Reads', rows: [{ what: 'one flag', measured: '89 µs' }] }
const rows = {
  title: 'Compared',
  rows: [
    { what: 'a : b', measured: '0.91 ×', bound: '≥ 0.85 ×', holds: true },
    { what: 'a | b', measured: '3 ×', bound: '≤ 2 ×', holds: false },
  ],
}

describe('the Markdown of a group of figures', () => {
  it('says when and where, then what has no bound, then what has one', () => {
    expect(toMarkdown(run, [costs, rows])).toBe(
      `Measured on 2026-11-27: A CPU, 2 cores, Node 22.23.3, load average 0.1 at the start.

| | measured |
|---|---|
| one flag | 89 µs |

| | measured | bound |
|---|---|---|
| a : b | 0.91 × | ≥ 0.85 × |
| a \\| b | 3 × | ≤ 2 ×: **missed** |`,
    )
  })
})

describe('the region of a group', () => {
  const page =
    'before\n<!-- bench:a -->\n\nold a\n\n<!-- /bench:a -->\nbetween\n<!-- bench:b -->\n\nold b\n\n<!-- /bench:b -->\n'
  it('is replaced, and nothing else', () => {
    const once = replaceRegion(page, 'b', 'costs $& and $1')
    expect(once).toBe(page.replace('old b', () => 'costs $& and $1'))
    expect(replaceRegion(once, 'b', 'old b')).toBe(page)
  })
  it.each([
    ['is missing', page, 'c'],
    ['has no end', page.replace('<!-- /bench:a -->', ''), 'a'],
    ['stands twice', page + page, 'a'],
  ])('is not guessed where it %s', (_, text, group) => {
    expect(() => replaceRegion(text, group, 'new')).toThrow(`<!-- bench:${group} -->`)
  })
})

describe('src/docs/operate/figures.md', () => {
  it('has a region for each group of the command, with the command and where it was measured', async () => {
    const [page, command] = await Promise.all([readText('src/docs/operate/figures.md'), readText('test/bench/run.ts')])
    const groups = [...(/const GROUPS = \{\n(.*?)\n\}/s.exec(command)?.[1] ?? '').matchAll(/^  (\w+)[:,]/gm)]
    expect(groups.length).toBeGreaterThan(10)
    const regions = [...page.matchAll(/^<!-- bench:(\w+) -->$/gm)].map(([, name]) => name)
    expect(regions.toSorted()).toEqual(groups.map(([, name]) => name).toSorted())
    for (const name of regions) {
      expect(page).toContain(`npm run bench -- ${name}`)
      expect(page).toMatch(new RegExp(`<!-- bench:${name} -->\n\nMeasured on `))
      expect(replaceRegion(page, name ?? '', 'x')).toContain('x')
    }
  })
})
