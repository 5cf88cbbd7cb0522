/**
 * Faults that are planted in the code under test, at its edges, to see whether the stories find them. Each is what a
 * mistake in one part would come to.
 */
export const PLANTS = [
  /** The object answers before what it wrote is durable. */
  'answer before durable',
  /** Isolates do not see when time-boxes end. */
  'reverts not applied at the edge',
  /** Of a put under way nothing is known after a crash. */
  'put under way forgotten',
  /** An object that went back does not see what KV holds. */
  'divergence not noticed',
  /** What a version from before has put is taken for today's. */
  'older layout not noticed',
] as const

export type Plant = (typeof PLANTS)[number]

/** What a planted fault makes of a message or of a text on its way to an isolate. */
export type Distortion = (text: unknown) => unknown

export function distortionOf(plant: Plant | null): Distortion {
  if (plant !== 'reverts not applied at the edge') return (text) => text
  return (text) => (typeof text === 'string' ? text.replace(/"reverts":\[.*\]/, '"reverts":[]') : text)
}
