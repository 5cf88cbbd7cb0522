/** Names and lists for schemas and values that are made to be expensive. */
export const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`)

export const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
