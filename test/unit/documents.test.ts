/** The Markdown pages for users and developers: their links exist, and they stay short enough to read. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GUIDES, markdownIn, readText, ROOT } from '../support/guides.ts'

const DECISION_PAGES = markdownIn('src/decisions').filter((page) => !page.endsWith('/README.md'))
const CONTRIBUTOR_PAGES = [...markdownIn('.github'), 'test/README.md']
const PAGES = [...GUIDES, 'src/README.md', 'src/decisions/README.md', ...DECISION_PAGES, ...CONTRIBUTOR_PAGES]

const withoutCode = (text: string): string => text.replace(/^```.*?^```$/gms, '')

/** The anchors of the headings, by GitHub's rule. */
function findAnchors(text: string): Set<string> {
  const seen = new Map<string, number>()
  const headings = [...withoutCode(text).matchAll(/^#{1,6} (.*)$/gm)]
  return new Set(
    headings.map(([, heading = '']) => {
      const slug = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
        .replaceAll(' ', '-')
      const before = seen.get(slug) ?? 0
      seen.set(slug, before + 1)
      return before === 0 ? slug : `${slug}-${before}`
    }),
  )
}

/** The broken links of a page, as they are written. */
async function findDeadLinks(page: string): Promise<string[]> {
  const text = withoutCode(await readText(page)).replace(/`[^`\n]*`/g, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g)].map(
    ([, inText, inTag]) => inText ?? inTag ?? '',
  )
  const dead = []
  for (const link of links) {
    // The API reference is made by the build, and its links are checked in test/contract/site.test.ts.
    if (/^[a-z]+:|^\/docs\/api\b/.test(link)) continue
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : normalize(join(dirname(page), path))
    const leads =
      existsSync(join(ROOT, target)) && (anchor === undefined || findAnchors(await readText(target)).has(anchor))
    if (!leads) dead.push(link)
  }
  return dead
}

describe.each(PAGES)('%s', (page) => {
  it('has no broken relative link or anchor', async () => {
    expect(await findDeadLinks(page)).toEqual([])
  })
})

const ROOMS = /^(?:model|wire|stash|live|edge|http|client|cli|dashboard|local|test)\/[a-z\d/-]+$/

/** The source files and folders in backticks that do not exist, relative to the root, to `src/`, or to the page. */
async function findMissingSources(page: string): Promise<string[]> {
  const named = [...withoutCode(await readText(page)).matchAll(/`([\w./-]+)`/g)].map(([, path = '']) => path)
  const sources = named.filter((path) => /\/.*\.ts$/.test(path) || ROOMS.test(path))
  return sources.filter(
    (path) =>
      !['.', 'src', dirname(page)].some((from) =>
        ['', '.ts', '.js'].some((extension) => existsSync(join(ROOT, from, path + extension))),
      ),
  )
}

describe.each(['src/README.md', 'test/world/README.md', ...DECISION_PAGES, ...CONTRIBUTOR_PAGES])(
  'the source files that %s names',
  (page) => {
    it('exist', async () => {
      expect(await findMissingSources(page)).toEqual([])
    })
  },
)

/** The Markdown pages that a page links to. */
async function listLinkedPages(page: string): Promise<string[]> {
  const links = [...withoutCode(await readText(page)).matchAll(/\]\(([^)\s#]+\.md)/g)]
  return links
    .map(([, path = '']) => normalize(join(dirname(page), path)))
    .filter((path) => existsSync(join(ROOT, path)))
}

const countPageLines = async (page: string): Promise<number> => (await readText(page)).split('\n').length - 1

describe('README.md', () => {
  it('has at most 150 lines', async () => {
    expect(await countPageLines('README.md')).toBeLessThanOrEqual(150)
  })
  it('leads to every guide, by its own links and those of the guides', async () => {
    const reached = new Set(['README.md'])
    for (const page of reached) for (const linked of await listLinkedPages(page)) reached.add(linked)
    expect(markdownIn('src/docs').filter((guide) => !reached.has(guide))).toEqual([])
  })
})

describe.each(['src/README.md', ...CONTRIBUTOR_PAGES])('%s', (page) => {
  it('has at most 120 lines', async () => {
    expect(await countPageLines(page)).toBeLessThanOrEqual(120)
  })
})

describe('the pages for contributors', () => {
  it('name no npm script and no folder of test/ that does not exist, and test/README.md explains all projects', async () => {
    const { scripts } = JSON.parse(await readText('package.json')) as { scripts: Record<string, string> }
    const texts = await Promise.all(CONTRIBUTOR_PAGES.map(readText))
    const named = texts.join('\n').matchAll(/npm run ([\w:]+)/g)
    for (const [, script = ''] of named) expect(Object.keys(scripts)).toContain(script)
    const tests = await readText('test/README.md')
    for (const name of (await readText('test/vitest.config.ts')).matchAll(/name: '(\w+)'/g)) {
      expect(tests).toContain(`| \`${name[1]}\` |`)
    }
    const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    for (const { name } of folders) expect(tests).toContain(`\`test/${name}\``)
  })
})

describe.each(markdownIn('src/docs'))('the guide %s', (guide) => {
  it('has at most 300 lines', async () => {
    expect(await countPageLines(guide)).toBeLessThanOrEqual(300)
  })
})

describe('the decisions', () => {
  it('have unique numbers without gaps', async () => {
    const texts = await Promise.all(DECISION_PAGES.map(readText))
    const numbers = texts.flatMap((text) => [...text.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number)))
    expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 1))
  })
  it('are on pages that the index names', async () => {
    const index = await readText('src/decisions/README.md')
    for (const page of DECISION_PAGES) expect(index).toContain(`](${page.slice('src/decisions/'.length)})`)
  })
})

describe.each(DECISION_PAGES)('each decision in %s', (page) => {
  it('has a date, a status, its context, the decision and its price', async () => {
    for (const decision of (await readText(page)).split(/^## /m).slice(1)) {
      expect(decision).toMatch(
        /^\d+\. .+\n\n\d{4}-\d\d-\d\d · (accepted|superseded by .+)\n\n\*\*Context\.\*\* .+\*\*Decision\.\*\* .+\*\*Price\.\*\* /s,
      )
    }
  })
})
