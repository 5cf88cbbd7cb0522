/** Reads feature files of Gherkin, as far as the specification of OpenFeature uses them, and runs their steps. */

export type Step = { text: string; table: string[][] }
export type Scenario = { name: string; tags: string[]; steps: Step[] }
/** A pattern for the text of a step, and what it does with the groups of the pattern. */
export type StepDefinition<W> = [RegExp, (world: W, groups: string[], table: string[][]) => unknown]

type Outline = Scenario & { examples: string[][][] }

/** Every scenario, with the steps of the background. A scenario outline is one for each row of its examples. */
export function parseFeature(text: string): Scenario[] {
  const background: Step[] = []
  const outlines: Outline[] = []
  let tags: string[] = []
  let steps = background
  let table: string[][] | null = null
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#') || /^(?:Feature|Background):/.test(line)) continue
    const [, keyword, rest = ''] =
      /^(Scenario Outline|Scenario|Examples|Given|When|Then|And)\b:?\s*(.*)$/.exec(line) ?? []
    if (line.startsWith('@')) tags.push(...line.split(/\s+/))
    else if (line.startsWith('|')) table?.push(toCells(line))
    else if (keyword === 'Examples') outlines.at(-1)?.examples.push((table = []))
    else if (keyword?.startsWith('Scenario')) {
      steps = []
      outlines.push({ name: rest, tags, steps, examples: [] })
    } else if (keyword !== undefined) steps.push({ text: rest, table: (table = []) })
    // Prose, below the name of a feature.
    else if (outlines.length > 0) throw new Error(`This line of the feature is not understood: ${line}`)
    if (!line.startsWith('@')) tags = []
  }
  return outlines.flatMap((outline) => expand(outline, background))
}

const toCells = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())

function expand({ name, tags, steps, examples }: Outline, background: Step[]): Scenario[] {
  if (examples.length === 0) return [{ name, tags, steps: [...background, ...steps] }]
  return examples.flatMap(([names = [], ...rows]) =>
    rows.map((row) => {
      const fill = (text: string) => names.reduce((filled, of, i) => filled.replaceAll(`<${of}>`, row[i] ?? ''), text)
      const own = steps.map((step) => ({ text: fill(step.text), table: step.table }))
      return { name: `${name}: ${row.join(', ')}`, tags, steps: [...background, ...own] }
    }),
  )
}

/** Runs the steps in order. @throws {Error} if a step fails, or has no definition */
export async function runScenario<W>({ steps }: Scenario, world: W, definitions: StepDefinition<W>[]): Promise<void> {
  for (const { text, table } of steps) {
    const found = definitions.find(([pattern]) => pattern.test(text))
    if (found === undefined) throw new UnknownStepError(`There is no definition for the step: ${text}`)
    const [pattern, run] = found
    await run(world, (pattern.exec(text) ?? []).slice(1), table)
  }
}

export class UnknownStepError extends Error {}
