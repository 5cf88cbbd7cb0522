/**
 * Faults that are planted at the borders of the code under test, to check that the stories find them. Each has the effect
 * of a mistake in one part of the code.
 */
import { LEASE_MAX_MS, LEASE_MIN_MS } from '../../src/model/snapshot/vouch.ts'

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
  /** The changes since a copy lack a flag that was written. */
  'changes lack a flag',
  /** The lease of each confirmation is as long as one may be. */
  'leases too long',
] as const

/** As the version before answered: the bare revision, which holds for a second. For comparison, see `load.ts`. */
export const withoutLeases: Distortion = (message) =>
  mapReply(message, { changes: () => null, leaseMs: () => LEASE_MIN_MS })

export type PlantedFault = (typeof PLANTS)[number]

/** How a planted fault changes a message or a text on its way to an isolate. */
export type Distortion = (text: unknown) => unknown

export function createDistortion(plant: PlantedFault | null): Distortion {
  if (plant === 'reverts not applied at the edge')
    return (message) =>
      typeof message === 'string' ? withoutReverts(message) : mapReply(message, { changes: withoutReverts })
  if (plant === 'changes lack a flag') return (message) => mapReply(message, { changes: withoutItem })
  if (plant === 'leases too long') return (message) => mapReply(message, { leaseMs: () => LEASE_MAX_MS })
  return (message) => message
}

type Reply = { changes: string | null; leaseMs: number }
type Changed = { changes?(text: string): string | null; leaseMs?(ms: number): number }

/** Any other message than the answer to a vouch stays as it is. */
function mapReply(message: unknown, { changes: onChanges, leaseMs: onLease }: Changed): unknown {
  if (typeof message !== 'object' || message === null || !('leaseMs' in message)) return message
  const reply = message as Reply
  const changes = reply.changes === null || onChanges === undefined ? reply.changes : onChanges(reply.changes)
  return { ...reply, changes, leaseMs: onLease === undefined ? reply.leaseMs : onLease(reply.leaseMs) }
}

function withoutItem(text: string): string {
  const { items, ...rest } = JSON.parse(text) as { items: unknown[] }
  return JSON.stringify({ ...rest, items: items.slice(1) })
}

const withoutReverts = (text: string): string =>
  text.replace(/"reverts":\[.*?\],"descriptions"/, '"reverts":[],"descriptions"')
