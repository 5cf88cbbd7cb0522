/** What a command was called with, as the parser of arguments read it. */
export type Input = {
  args: string[]
  /** The value of an option; undefined where it was not given. */
  text(name: string): string | undefined
  isSet(name: string): boolean
  /** The words after the option that takes all that follow; undefined where it was not given. */
  rest: string[] | undefined
}

/** The same input with other arguments, and with these options set. */
export const withArgs = (input: Input, args: string[]): Input => ({ ...input, args })
