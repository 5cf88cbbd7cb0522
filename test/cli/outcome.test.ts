import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LAUNCHER, runCommand } from '../support/cli.ts'
import { answerTry, nameOf, OUTCOME_CASES } from '../support/outcome-cases.ts'
import { unwell } from '../support/unwell.ts'

type Document = { error?: { applied?: string } }

describe('a change of the command line says whether it was applied', () => {
  it.each(OUTCOME_CASES.map((tested) => [nameOf(tested), tested] as const))('%s', async (_, tested) => {
    const { cli, asked } = await unwell((response, count) => answerTry(response, tested, count))
    const { exit, body } = await cli.json('set', 'a', '1')
    const { error }: Document = body
    // 1 promises that nothing was changed; 3 does not, so `applied` has to say it.
    const said = exit === 0 ? 'yes' : exit === 1 ? 'no' : error?.applied
    expect(said).toBe(tested.outcome)
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1)
  })
})

/** The script repeats only after a lost connection, and a `set` gets no 404 from the decision. The script claims no slugs. */
const OF_SCRIPT = OUTCOME_CASES.filter(({ tries: [first, second], outcome }) => {
  const isDecided404 = second?.[0] === 404 && outcome === 'no'
  return !isDecided404 && second?.[1] !== 'slug_taken' && !(first === 'page' && outcome === 'no')
})

describe('a change of switchyard.sh says whether it was applied', () => {
  it.each(OF_SCRIPT.map((tested) => [nameOf(tested), tested] as const))('%s', async (_, tested) => {
    const { cli } = await unwell((response, count) => answerTry(response, tested, count))
    const script = join(LAUNCHER, '../switchyard.sh')
    const { exit, err } = await runCommand('sh', [script, 'set-oncall', 'ada'], cli.env)
    const said = exit === 0 ? 'yes' : exit === 1 || !err.includes('not known') ? 'no' : 'unknown'
    expect(said).toBe(tested.outcome)
  })
})
