/** Which tests cover a room of `src/`, and in which order they run against a mutant. */
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

type Room = {
  /** Folders of test/, each a project of its own, the faster ones first. */
  tests: string[]
  /** Files that are not mutated: documentation and examples, which their tests compare with themselves. */
  except?: RegExp
}

const INNER = ['unit', 'world', 'worker', 'contract']

export const ROOMS: Record<string, Room> = {
  model: { tests: INNER },
  wire: { tests: INNER },
  stash: { tests: INNER },
  edge: { tests: INNER },
  live: { tests: INNER },
  http: { tests: INNER, except: /\/(?:[\w-]*operations|operation|examples|page-style)\.ts$/ },
  rpc: { tests: ['worker', 'client'] },
  client: { tests: ['client', 'cli'], except: /\/examples\// },
  cli: { tests: ['cli'] },
  local: { tests: ['local'] },
}

/** Orders test files by how often they name the module: in their own name, in an import, in their text. */
export function rank(folder: string, testFiles: string[], file: string): string[] {
  const module = basename(file, '.ts')
  // In the singular, because the plural contains it.
  const words = module.split('-').map((word) => word.replace(/(?:(?<=sh|s|x)es|s)$/, ''))
  const getScore = (test: string): number => {
    const text = readFileSync(join(folder, test), 'utf8').toLowerCase()
    const own = basename(test, '.test.ts')
    const named = own === module ? 1_000 : words.filter((word) => own.includes(word)).length * 100
    const mentions = words.reduce((sum, word) => sum + Math.min(30, text.split(word).length - 1), 0)
    return named + mentions + (text.includes(`/${module}.ts'`) ? 500 : 0)
  }
  const scores = new Map(testFiles.map((test) => [test, getScore(test)]))
  return testFiles.toSorted((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0))
}

const imported = new Map<string, string[]>()

/** Whether a test imports a file, directly or not. A test that sends requests to the Worker reaches every file, without an import. */
export function imports(folder: string, test: string, file: string): boolean {
  const seen = new Set([test])
  for (const one of seen) {
    const known = imported.get(one) ?? findImports(folder, one)
    imported.set(one, known)
    known.forEach((each) => seen.add(each))
  }
  return seen.has(file)
}

const findImports = (folder: string, file: string): string[] =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/(?:from |import |import\()'(\.[^']+\.ts)'/g)].map(([, path]) =>
    join(dirname(file), path ?? ''),
  )
