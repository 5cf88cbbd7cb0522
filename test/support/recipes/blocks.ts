/** The configurations in the guides, as their readers copy them. */
import { expect } from 'vitest'
import { readText } from '../guides.ts'

/** The blocks of a language in a guide, in their order. */
export async function readBlocks(guide: string, language: string): Promise<string[]> {
  const text = await readText(guide)
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block)
}

/** Replaces what differs on the machine of the tests. Each text must occur, so that the guide and the test cannot drift apart. */
export function adapt(configuration: string, replacements: [string, string][]): string {
  let adapted = configuration
  for (const [shown, real] of replacements) {
    expect(adapted).toContain(shown)
    adapted = adapted.replaceAll(shown, real)
  }
  return adapted
}
