/**
 * How a command ends. Scripts rely on these numbers: a number, once given out, keeps its meaning.
 */
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
  [EXIT.refused, 'the service said no, and nothing was changed'],
  [EXIT.misused, 'used wrongly: nothing was sent'],
  [EXIT.unknown, 'no answer: unreachable, or the outcome is not known'],
  [EXIT.held, 'held: it waits for a second person, or for its time'],
  [EXIT.differs, '--check found a difference'],
  [EXIT.interrupted, 'Ctrl-C'],
  [EXIT.brokenPipe, 'whoever read the output has left'],
]

/** Nothing was changed: wrong usage, or the person declined. */
export class Misuse extends Error {
  override name = 'Misuse'
}
