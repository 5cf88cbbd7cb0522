/** Builds long lists for schemas and values that are expensive to check. */
export const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`)

export const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
