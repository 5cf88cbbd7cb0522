/** The guides of errors: each code has one section, which names the status that the service answers with. */
import { describe, expect, it } from 'vitest'
import { FAULTS } from '../../src/http/faults.ts'
import { PROBLEMS } from '../../src/http/response/problem/problem-table.ts'
import { GUIDES, readText } from '../support/guides.ts'

const PAGES = GUIDES.filter((page) => /\/reference\/errors-[^/]+\.md$/.test(page))
const STATUSES = new Map(Object.entries({ ...PROBLEMS, ...FAULTS }).map(([code, { status }]) => [code, status]))

type Section = { page: string; code: string; body: string }

/** A section begins with a heading of the third level, and ends at the next heading of any level. */
function findSections(page: string, text: string): Section[] {
  const sections = text.matchAll(/^### (.*)\n([\s\S]*?)(?=^#{1,6} |$(?![\s\S]))/gm)
  return [...sections].map(([, code = '', body = '']) => ({ page, code, body: body.trim() }))
}

const readSections = async (): Promise<Section[]> =>
  (await Promise.all(PAGES.map(async (page) => findSections(page, await readText(page))))).flat()

describe('the guides of errors', () => {
  it('have exactly one section for each code, and none for a code that does not exist', async () => {
    const found = (await readSections()).map(({ code }) => code)
    expect(found.toSorted()).toEqual([...STATUSES.keys()].toSorted())
  })

  it('name the status at the beginning of each section', async () => {
    const named = (await readSections()).map(({ code, body }) => [code, /^\*\*(\d{3})\.\*\* \S/.exec(body)?.[1]])
    expect(named).toEqual(named.map(([code = '']) => [code, String(STATUSES.get(code))]))
  })

  it('are listed on the page about errors', async () => {
    const text = await readText('src/docs/reference/errors.md')
    const missing = PAGES.filter((page) => !text.includes(`](${page.split('/').at(-1) ?? ''})`))
    expect(missing).toEqual([])
  })
})
