/**
 * Faults that are planted at the borders of the code under test, to check that the stories find them. Each has the effect
 * of a mistake in one part of the code.
 */
import type { Missed, WatchEvent } from '../../src/model/snapshot/watch-event.ts'
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
  /** The changes since a copy lack the ends of time-boxes. */
  'changes lack the ends of time-boxes',
  /** The object confirms the revision before the present one. */
  'the head is one behind',
  /** What a hub loads lacks a flag, or the ends of time-boxes. */
  'a hub loads a copy without a flag',
  'a hub loads a copy without the ends of time-boxes',
  /** A hub receives its changes without their flags. */
  'a hub is sent changes without flags',
  /** A hub confirms one revision more than it has sent. */
  'a hub confirms too much',
  /** A message with several events loses the first, or has them in reverse. */
  'a message lacks its first event',
  'a message has its events in reverse',
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
  if (plant === 'changes lack the ends of time-boxes')
    return (message) => mapReply(message, { changes: withoutReverts })
  if (plant === 'the head is one behind')
    return (message) => mapReply(message, { changes: () => null, head: (n) => n - 1 })
  return (message) => message
}

/** The same for what the stash sends a hub: the answers to its questions, and the arguments of the calls that broadcast. */
export const createHubDistortion = (plant: PlantedFault | null): { answers: Distortion; calls: Distortion } => ({
  answers: (answer) => {
    if (plant === 'a hub loads a copy without a flag')
      return mapSnapshots(answer, ({ values }) => ({ values: values.slice(1) }))
    if (plant === 'a hub loads a copy without the ends of time-boxes')
      return mapSnapshots(answer, () => ({ reverts: [] }))
    return answer
  },
  calls: (args) => {
    if (plant !== 'a hub is sent changes without flags') return args
    // The arguments of `tell`.
    const [events, ...rest] = args as [WatchEvent[], ...unknown[]]
    return [events.map((event) => ({ ...event, values: [] })), ...rest]
  },
})

/** The same for what a hub answers: up to which revision it has sent events. */
export const createConfirmationDistortion =
  (plant: PlantedFault | null): Distortion =>
  (answer) =>
    plant === 'a hub confirms too much' && typeof answer === 'number' ? answer + 1 : answer

/** The same for the events of one message to a watcher. */
export function distortMessage(plant: PlantedFault | null, lines: string[]): string[] {
  if (plant === 'a message lacks its first event' && lines.length > 1) return lines.slice(1)
  return plant === 'a message has its events in reverse' ? lines.toReversed() : lines
}

function mapSnapshots(answer: unknown, change: (event: WatchEvent) => Partial<WatchEvent>): unknown {
  if (typeof answer !== 'object' || answer === null || !('events' in answer)) return answer
  const missed = answer as Missed
  const events = missed.events.map((event) => (event.type === 'snapshot' ? { ...event, ...change(event) } : event))
  return { ...missed, events }
}

type Reply = { changes: string | null; leaseMs: number; head: number | null }
type Changed = { changes?(text: string): string | null; leaseMs?(ms: number): number; head?(revision: number): number }

/** Any other message than the answer to a vouch stays as it is. */
function mapReply(message: unknown, { changes: onChanges, leaseMs: onLease, head: onHead }: Changed): unknown {
  if (typeof message !== 'object' || message === null || !('leaseMs' in message)) return message
  const reply = message as Reply
  const changes = reply.changes === null || onChanges === undefined ? reply.changes : onChanges(reply.changes)
  const head = typeof reply.head === 'number' && onHead !== undefined ? onHead(reply.head) : reply.head
  return { ...reply, head, changes, leaseMs: onLease === undefined ? reply.leaseMs : onLease(reply.leaseMs) }
}

function withoutItem(text: string): string {
  const { items, ...rest } = JSON.parse(text) as { items: unknown[] }
  return JSON.stringify({ ...rest, items: items.slice(1) })
}

const withoutReverts = (text: string): string =>
  text.replace(/"reverts":\[.*?\],"descriptions"/, '"reverts":[],"descriptions"')
