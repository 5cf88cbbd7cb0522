/** One line of JSON for each fault inside the object. Faults are for the operator; nobody outside sees them. */
export function report(at: string, fault: unknown, facts: Record<string, string | number>): void {
  const { name, message } = fault instanceof Error ? fault : new Error(String(fault))
  console.error(JSON.stringify({ level: 'error', at: `stash/${at}`, name, message, ...facts }))
}
