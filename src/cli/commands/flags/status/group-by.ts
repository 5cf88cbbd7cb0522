/** `Map.groupBy`, which Node 20 lacks. The groups are in the order in which their first members come. */
export function groupBy<K, T>(members: Iterable<T>, toKey: (member: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const member of members) {
    const key = toKey(member)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [member])
    else group.push(member)
  }
  return groups
}
