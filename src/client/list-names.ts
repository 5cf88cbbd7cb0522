/** How many names one message lists. */
const LISTED_MAX = 20

/** For a message in a log. */
export const listNames = (names: string[]): string => names.slice(0, LISTED_MAX).join(', ')
