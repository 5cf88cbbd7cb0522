/**
 * Faults that are planted at the borders of the code under test, to check that the stories find them. Each has the effect
 * of a mistake in one part of the code.
 */
export const PLANTS = [
  /** The object answers before its writes are durable. */
  'answer before durable',
  /** Isolates do not receive the ends of time-boxes. */
  'reverts not applied at the edge',
  /** After a crash the object does not know that a put was in flight. */
  'put in flight forgotten',
  /** An object that was restored to an earlier state reads nothing from KV. */
  'divergence not noticed',
  /** The object treats a text in KV with an older layout as one with today's layout. */
  'older layout not noticed',
] as const

export type PlantedFault = (typeof PLANTS)[number]

/** How a planted fault changes a message or a text on its way to an isolate. */
export type Distortion = (text: unknown) => unknown

export function createDistortion(plant: PlantedFault | null): Distortion {
  if (plant !== 'reverts not applied at the edge') return (text) => text
  return (text) => (typeof text === 'string' ? text.replace(/"reverts":\[.*\]/, '"reverts":[]') : text)
}
