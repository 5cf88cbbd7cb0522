/** The browser's storage of this tab and of this device. A browser may refuse it: then nothing is kept, and nothing fails. */

export type Place = 'tab' | 'device'

const open = (place: Place): Storage => (place === 'tab' ? sessionStorage : localStorage)

export const readStored = (place: Place, key: string): string | null => attempt(() => open(place).getItem(key)) ?? null
export const writeStored = (place: Place, key: string, text: string): void =>
  attempt(() => open(place).setItem(key, text))
export const removeStored = (place: Place, key: string): void => attempt(() => open(place).removeItem(key))
export const isStored = (place: Place, key: string): boolean => readStored(place, key) !== null

function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
