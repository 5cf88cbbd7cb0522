/** The guides as a site: each link of each page leads to something, and each page can be reached. */
import { describe, expect, it } from 'vitest'
import { FAULTS } from '../../src/http/faults.ts'
import { OPERATIONS } from '../../src/http/openapi/operations.ts'
import { PROBLEMS } from '../../src/http/response/problem/problem-table.ts'
import { SECTIONS } from '../../src/site/pages.ts'
import { url } from '../support/service.ts'

type Page = { ids: string[]; links: string[]; text: string }

const pages = new Map<string, Promise<Page>>()

const read = (path: string): Promise<Page> => {
  const known = pages.get(path) ?? load(path)
  pages.set(path, known)
  return known
}

async function load(path: string): Promise<Page> {
  const answer = await fetch(`${url}${path}`)
  const text = await answer.text()
  expect(answer.status, path).toBe(200)
  if (!answer.headers.get('Content-Type')?.includes('html')) return { ids: [], links: [], text }
  const find = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found)
  return { ids: find(/ id="([^"]+)"/g), links: find(/ (?:href|src)="([^"]+)"/g), text }
}

const paths = SECTIONS.flatMap((section) => section.pages).map((path) => (path === 'index' ? '/docs' : `/docs/${path}`))

describe.each(paths)('%s', (path) => {
  it('has no broken link, and no anchor twice', async () => {
    const { ids, links } = await read(path)
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
    const broken: string[] = []
    for (const link of new Set(links)) {
      if (/^(?:https?|data|mailto):/.test(link)) continue
      const [target = '', anchor] = link.split('#')
      const there = await read(target === '' ? path : target)
      if (anchor !== undefined && !there.ids.includes(anchor)) broken.push(link)
    }
    expect(broken).toEqual([])
  })
  it('leads to every other page, and to the dashboard', async () => {
    const { links } = await read(path)
    expect(links).toEqual(expect.arrayContaining([...paths, '/']))
  })
})

describe('/docs/api', () => {
  it.each(OPERATIONS)('can be linked by operation: $id', async ({ id, path }) => {
    const { ids, links, text } = await read('/docs/api')
    expect(ids).toContain(id)
    expect(links).toContain(`#${id}`)
    expect(text).toContain(path)
  })
})

describe('/docs#code', () => {
  it.each(Object.keys({ ...PROBLEMS, ...FAULTS }))('leads to the section about the error: %s', async (code) => {
    const { ids, text } = await read('/docs')
    expect(ids).toContain(code)
    const [, link = ''] = new RegExp(`<li id="${code}"><a href="([^"]+)"`).exec(text) ?? []
    expect(link).toMatch(new RegExp(`^/docs/reference/errors(?:-[a-z]+)?#${code}$`))
  })
})
