/**
 * Reads the OpenMetrics text format, strictly: each family has HELP and TYPE before its samples and is not interleaved, no sample
 * stands twice, labels are escaped, and the text ends with `# EOF`. Written from the specification, not from the service.
 */
export type Sample = { name: string; labels: Record<string, string>; value: number }

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`, 's')
const PAIR = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(,|$)/y

export function parseOpenMetrics(text: string): Sample[] {
  const lines = text.split('\n')
  if (lines.at(-1) !== '' || lines.at(-2) !== '# EOF') throw new Error('the text does not end with "# EOF"')
  const samples: Sample[] = []
  const families = new Map<string, Set<string>>()
  let family = ''
  for (const line of lines.slice(0, -2)) {
    const [, kind = '', name = ''] = /^# (HELP|TYPE|UNIT) (\S+)/.exec(line) ?? []
    if (kind !== '') {
      if (name !== family && families.has(name)) throw new Error(`the family ${name} stands twice`)
      const known = families.get(name) ?? new Set()
      if (known.has(kind)) throw new Error(`${kind} of ${name} stands twice`)
      if (kind === 'UNIT' && !name.endsWith(`_${line.split(' ').at(-1)}`)) throw new Error(`${name} lacks its unit`)
      families.set(name, known.add(kind))
      family = name
      continue
    }
    const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
    if (sample !== family || !families.get(family)?.has('TYPE')) throw new Error(`not a sample of ${family}: ${line}`)
    if (!Number.isFinite(Number(value))) throw new Error(`not a number: ${line}`)
    samples.push({ name: sample, labels: parseLabels(labels), value: Number(value) })
  }
  const names = samples.map(({ name, labels }) => JSON.stringify([name, labels]))
  if (new Set(names).size !== names.length) throw new Error('a sample stands twice')
  return samples
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (PAIR.lastIndex = 0; PAIR.lastIndex < text.length;) {
    const [, name = '', value = ''] = PAIR.exec(text) ?? []
    if (name === '' || name in labels) throw new Error(`malformed labels: ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
  }
  return labels
}
