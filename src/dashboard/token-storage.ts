/** Keeps tokens until the tab is closed. A browser may refuse to store anything: then a token lives until a reload. */

const toStorageKey = (stash: string): string => `switchyard:token:${stash}`

export const loadToken = (stash: string): string | null =>
  attempt(() => sessionStorage.getItem(toStorageKey(stash))) ?? null

export const saveToken = (stash: string, token: string): void =>
  attempt(() => sessionStorage.setItem(toStorageKey(stash), token))

export const removeToken = (stash: string): void => attempt(() => sessionStorage.removeItem(toStorageKey(stash)))

function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
