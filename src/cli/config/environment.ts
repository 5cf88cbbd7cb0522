/** The process's environment, as an argument: a command reads no other. */
export type Environment = Record<string, string | undefined>
