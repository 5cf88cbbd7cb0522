/**
 * Whether an answer has what a command is about to show. A sign-in page, a captive portal and another service answer 200
 * as well; what they say must not pass for an empty list or for a backup. Not a schema: what lies deeper is not looked at.
 */
export type Shape = Record<string, 'string' | 'number' | 'boolean' | 'list' | 'object'>

export const fits = (body: unknown, shape: Shape): boolean =>
  kindOf(body) === 'object' &&
  // An object, as was just found.
  Object.entries(shape).every(([name, kind]) => kindOf((body as Record<string, unknown>)[name]) === kind)

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value)
