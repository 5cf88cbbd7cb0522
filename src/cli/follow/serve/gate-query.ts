/**
 * The query of a gate, as the service reads it: which value of the flag closes it or opens it, the answer while there is no
 * flag, and the status that means closed.
 */
export type GateRule = { value: string; closes: boolean; otherwise: 'open' | 'closed'; closedStatus: 503 | 403 }

const PARAMETERS = ['closed', 'open', 'else', 'status']

/** @returns what is wrong, as text */
export function parseGateQuery(query: URLSearchParams): GateRule | string {
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name)) return `"${name}" is none of ${PARAMETERS.join(', ')}`
    if (query.getAll(name).length > 1) return `"${name}" stands twice`
  }
  const read = (name: string): string | undefined => query.get(name) ?? undefined
  const [closed, open, otherwise = 'open', status = '503'] = PARAMETERS.map(read)
  if (closed !== undefined && open !== undefined) return '"open" and "closed" stand together'
  const value = open ?? closed ?? 'true'
  if (value === '') return 'the value is empty'
  if (otherwise !== 'open' && otherwise !== 'closed') return '"else" takes open or closed'
  if (status !== '503' && status !== '403') return '"status" takes 503 or 403'
  return { value, closes: open === undefined, otherwise, closedStatus: status === '403' ? 403 : 503 }
}
