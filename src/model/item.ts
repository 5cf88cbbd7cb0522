/**
 * An item: a key with a text value, which a service reads as a flag. Keys fit in a URL path without encoding. Values are
 * returned byte for byte, so no code may normalize a value.
 */
import * as z from 'zod'

/** The values of a stash are published as a single KV value and kept in memory at the edge: these limits keep both small. */
export const VALUE_MAX_BYTES = 64 * 1024
export const STASH_MAX_ITEMS = 1_000
export const STASH_MAX_BYTES = 1024 * 1024

export const DEFAULT_TYPE = 'text/plain; charset=utf-8'

export type Item = {
  key: string
  value: string
  /** The media type that the writer gave, served on read. */
  type: string
  /** The stash's revision that last changed this item. */
  version: number
  /** The size of key and value together, in UTF-8. */
  bytes: number
  createdAt: number
  updatedAt: number
}

/** It excludes `.` and `..`, because URL parsers remove such path segments. */
const KEY = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/

export const isKey = (text: string): boolean => KEY.test(text)

export const keySchema = z.string().regex(KEY, 'a key is 1 to 128 of A-Z a-z 0-9 . _ - (and not "." or "..")')

const utf8 = new TextEncoder()
export const countBytes = (text: string): number => utf8.encode(text).byteLength
