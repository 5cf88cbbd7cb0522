/** Where hubs stand: near their watchers. A hub's name is `<stash>/<continent>/<n>`. */

/** Of Cloudflare's continents those for which it takes a location hint; a hub of any other stands near its first watcher. */
export const CONTINENT_HINTS: Record<string, DurableObjectLocationHint> = {
  NA: 'enam',
  SA: 'sam',
  EU: 'weur',
  AS: 'apac',
  OC: 'oc',
  AF: 'afr',
}

/** Of a request that says no continent. */
export const NO_CONTINENT = 'XX'

/** The number of a hub among those of its stash and continent; -1: the name is none. */
export const parseHubNumber = (name: string): number => Number(name.split('/')[2] ?? -1)

export const toHubName = (stashId: string, continent: string, n: number): string => `${stashId}/${continent}/${n}`

/** The hub of this name. It is made where its continent is, by whoever asks for it first. */
export function getHub<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): DurableObjectStub<T> {
  const hint = CONTINENT_HINTS[name.split('/')[1] ?? '']
  return namespace.get(namespace.idFromName(name), hint && { locationHint: hint })
}
