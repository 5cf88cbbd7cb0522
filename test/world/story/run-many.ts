/** Runs one story for each seed, and shortens one that fails. */
import type { PlantedFault } from '../plants.ts'
import { shrink } from './shrink.ts'
import { createStory, type Story } from './step.ts'
import { runStory } from './run-story.ts'

/** A story that failed, and the invariants that it violated. */
export type Failure = { seed: number; faults: Error[] }

/** Returns the first seed whose story fails, or null. */
export async function findFailure(
  seeds: { from: number; to: number },
  plant: PlantedFault | null = null,
  onDone: () => void = () => {},
): Promise<Failure | null> {
  for (let seed = seeds.from; seed <= seeds.to; seed++) {
    const { faults } = await runStory(createStory(seed), { plant })
    onDone()
    if (faults.length > 0) return { seed, faults }
  }
  return null
}

/** Returns the shortest story found that fails in the same way. */
export function shorten({ seed, faults }: Failure, plant: PlantedFault | null = null): Promise<Story> {
  const kinds = new Set(faults.map(getKind))
  return shrink(createStory(seed), async (shorter) => {
    const result = await runStory(shorter, { plant })
    return result.faults.some((fault) => kinds.has(getKind(fault)))
  })
}

/** The kind of a failure: its message without numbers and values. */
const getKind = ({ message }: Error): string => message.replaceAll(/\d+|null|".*"|= .*/g, '')

export async function trace(story: Story, plant: PlantedFault | null = null): Promise<string> {
  const lines: string[] = []
  const { faults } = await runStory(story, { plant, trace: (line) => lines.push(line) })
  for (const { message, stack } of faults) lines.push(`  ${faults.length > 1 ? message : (stack ?? message)}`)
  return lines.join('\n')
}
