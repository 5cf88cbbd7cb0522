/** Runs many stories, one for each seed, and shortens one that fails. */
import type { Plant } from '../plants.ts'
import { shrink } from './shrink.ts'
import { storyOf, type Story } from './step.ts'
import { runStory } from './run-story.ts'

/** A story that failed, and what went wrong in it. */
export type Failure = { seed: number; faults: Error[] }

/** The first seed of these whose story fails; null where none does. */
export async function findFailure(
  seeds: { from: number; to: number },
  plant: Plant | null = null,
  onDone: () => void = () => {},
): Promise<Failure | null> {
  for (let seed = seeds.from; seed <= seeds.to; seed++) {
    const { faults } = await runStory(storyOf(seed), { plant })
    onDone()
    if (faults.length > 0) return { seed, faults }
  }
  return null
}

/** The shortest story that is found to fail as this one does. */
export function shorten({ seed, faults }: Failure, plant: Plant | null = null): Promise<Story> {
  const kinds = new Set(faults.map(kindOf))
  return shrink(storyOf(seed), async (shorter) => {
    const result = await runStory(shorter, { plant })
    return result.faults.some((fault) => kinds.has(kindOf(fault)))
  })
}

/** What kind of failure it is: its words without numbers and values. */
const kindOf = ({ message }: Error): string => message.replaceAll(/\d+|null|".*"|= .*/g, '')

export async function trace(story: Story, plant: Plant | null = null): Promise<string> {
  const lines: string[] = []
  const { faults } = await runStory(story, { plant, trace: (line) => lines.push(line) })
  for (const { message, stack } of faults) lines.push(`  ${faults.length > 1 ? message : (stack ?? message)}`)
  return lines.join('\n')
}
