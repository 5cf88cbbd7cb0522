/** How a command ends. Scripts rely on these numbers: a number that was given out keeps its meaning. */
export const EXIT = {
  done: 0,
  refused: 1,
  misused: 2,
  unknown: 3,
  held: 4,
  differs: 5,
  interrupted: 130,
  brokenPipe: 141,
} as const

export type Exit = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_MEANINGS: [Exit, string][] = [
  [EXIT.done, 'done'],
  [EXIT.refused, 'refused: nothing was changed'],
  [EXIT.misused, 'wrong usage, or not confirmed: nothing was changed'],
  [EXIT.unknown, 'no answer: unreachable, or the outcome is not known'],
  [EXIT.held, 'pending: it waits for a second person, or for its time'],
  [EXIT.differs, '--check found a difference, or --exit-code a flag that is not normal'],
  [EXIT.interrupted, 'Ctrl-C'],
  [EXIT.brokenPipe, 'the reader of the output has ended'],
]

/** Nothing was changed: wrong usage, or the person declined. */
export class Misuse extends Error {
  override name = 'Misuse'
}

/** A refusal of the command itself, made of what the service said. Nothing was changed. */
export class Declined extends Error {
  override name = 'Declined'
  /** Stable, as those of the service are. */
  readonly code: string
  readonly facts: Record<string, unknown>

  constructor(code: string, message: string, facts: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.facts = facts
  }
}
