/**
 * Keeps tokens: until the tab is closed, or on this device if the person chose so. A browser may refuse to store anything: then
 * a token lives until a reload.
 */
import { isStored, readStored, removeStored, writeStored } from './storage.ts'

const toStorageKey = (stash: string): string => `switchyard:token:${stash}`
const ADMIN = 'switchyard:admin'

export const loadToken = (stash: string): string | null =>
  readStored('tab', toStorageKey(stash)) ?? readStored('device', toStorageKey(stash))

/** @param onDevice also after the tab is closed, and in other tabs */
export function saveToken(stash: string, token: string, onDevice: boolean): void {
  removeToken(stash)
  writeStored(onDevice ? 'device' : 'tab', toStorageKey(stash), token)
}

export function removeToken(stash: string): void {
  removeStored('tab', toStorageKey(stash))
  removeStored('device', toStorageKey(stash))
}

/** Removes this token only: another tab may have kept a newer one. */
export function dropToken(stash: string, token: string): void {
  for (const place of ['tab', 'device'] as const)
    if (readStored(place, toStorageKey(stash)) === token) removeStored(place, toStorageKey(stash))
}

export const isTokenOnDevice = (stash: string): boolean => isStored('device', toStorageKey(stash))

/** The deployment's admin token, until the tab is closed. */
export const loadAdminToken = (): string | null => readStored('tab', ADMIN)
export const saveAdminToken = (token: string): void => writeStored('tab', ADMIN, token)
export const removeAdminToken = (): void => removeStored('tab', ADMIN)
