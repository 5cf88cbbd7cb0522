/** Parses JSON; undefined where the text is not JSON. The value is wrapped, because null is JSON as well. */
export function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
