/** The list of equivalent mutants of `test/mutate`. An entry that no longer matches its line would be reported as a survivor. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EQUIVALENT } from '../mutate/equivalent.ts'
import { toKey, findMutations } from '../mutate/mutations.ts'
import { ROOT } from '../support/guides.ts'

const KEYS = Object.keys(EQUIVALENT)

describe('EQUIVALENT', () => {
  it.each([...new Set(KEYS.map((key) => key.split(' | ')[0] ?? ''))])('has only mutations that exist in %s', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    const found = new Set(findMutations(file, text).map((mutation) => toKey(mutation, text)))
    expect(KEYS.filter((key) => key.startsWith(`${file} | `) && !found.has(key))).toEqual([])
  })
})
