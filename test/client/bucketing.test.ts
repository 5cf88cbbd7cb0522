import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createFlagCache } from '../../src/client/sync/flag-cache.ts'
import { Details } from '../../src/client/details.ts'
// Worked out by another implementation, in exact fractions.
import vectors from '../support/bucketing.json' with { type: 'json' }

type Asked = { flag: string; value: string; targetingKey: string }

const inTypeScript = ({ flag, value, targetingKey }: Asked, kind: 'percentage' | 'split'): unknown => {
  const copy = createFlagCache(() => 0)
  copy.apply({ type: 'snapshot', revision: 1, flags: [[flag, value]], reverts: new Map(), knowsReverts: true })
  const details = new Details({ read: (name) => copy.read(name), prefix: '', mismatch: () => {} })
  const reading =
    kind === 'split' ? details.split(flag, targetingKey, '') : details.percentage(flag, targetingKey, false)
  return reading.reason === 'flag' ? reading.value : reading.reason
}

/** Nobody to ask but the vectors: an empty target is the one that both clients turn down where a flag buckets. */
const named = <T extends Asked>(all: T[]): T[] => all.filter(({ targetingKey }) => targetingKey !== '')

const PYTHON = `
import json, sys, switchyard
def ask(kind, all, default):
    return [switchyard.evaluate(kind, at["flag"], at["value"], default, at["targetingKey"]).value for at in all]
given = json.load(sys.stdin)
print(json.dumps({
    "hashes": [format(switchyard.murmur3(at["text"]), "08x") for at in given["hashes"]],
    "buckets": [switchyard.bucket_of(at["flag"], at["targetingKey"]) for at in given["buckets"]],
    "percentages": ask("percentage", given["percentages"], None),
    "splits": ask("split", given["splits"], None),
}))`

async function inPython(given: object): Promise<Record<string, unknown[]>> {
  const env = { ...process.env, PYTHONPATH: join(import.meta.dirname, '../../src/client/python') }
  const running = promisify(execFile)('python3', ['-Bc', PYTHON], { env })
  running.child.stdin?.end(JSON.stringify(given))
  return JSON.parse((await running).stdout) as Record<string, unknown[]>
}

const percentages = named(vectors.percentages)
const splits = named(vectors.splits)

describe('the golden vectors', () => {
  it('are what the TypeScript client gives', () => {
    expect(percentages.map((at) => inTypeScript(at, 'percentage'))).toEqual(percentages.map(({ on }) => on))
    expect(splits.map((at) => inTypeScript(at, 'split'))).toEqual(splits.map(({ name }) => name))
    expect(percentages.length + splits.length).toBeGreaterThan(200)
  })
  it('are what the Python client gives', async () => {
    expect(await inPython({ ...vectors, percentages, splits })).toEqual({
      hashes: vectors.hashes.map(({ hash }) => hash),
      buckets: vectors.buckets.map(({ bucket }) => bucket),
      percentages: percentages.map(({ on }) => on),
      splits: splits.map(({ name }) => name),
    })
  })
  it('name a split in the order that JavaScript has its names in', async () => {
    const users = Array.from({ length: 200 }, (_, i) => `user-${i}`)
    const values = ['{"b":1,"10":1,"2":2,"01":1}', '{"a":0.1,"b":0.2,"c":0.7}', '{"4294967295":1,"a":1,"4294967294":1}']
    const asked = values.flatMap((value) => users.map((targetingKey) => ({ flag: 'k', value, targetingKey })))
    const { splits: names } = await inPython({ hashes: [], buckets: [], percentages: [], splits: asked })
    expect(names).toEqual(asked.map((at) => inTypeScript(at, 'split')))
  })
})
