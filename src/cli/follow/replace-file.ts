/**
 * Replaces a file as a whole: a reader sees the old text or the new one, also after a crash. The text is written to a draft
 * in the same folder, which is synced and renamed. A link stays, and the file that it leads to is replaced.
 */

// As in `start.mjs`.
const { promises: files } = process.getBuiltinModule('node:fs')
const { basename, dirname, join } = process.getBuiltinModule('node:path')

/** 64 MiB: no file of ours is larger. */
const MAX_BYTES = 2 ** 26
/** A draft that is older was left by a process that was killed. */
const DRAFT_MAX_AGE_MS = 60_000

const isMissing = (fault: unknown): boolean => codeOf(fault) === 'ENOENT'
const codeOf = (fault: unknown): string | undefined =>
  fault instanceof Error && 'code' in fault ? String(fault.code) : undefined

/** @returns null if there is no such file */
export async function readTextFile(path: string): Promise<string | null> {
  try {
    const { size } = await files.stat(path)
    if (size > MAX_BYTES) throw new Error(`${path} is larger than 64 MiB.`)
    return await files.readFile(path, 'utf8')
  } catch (fault) {
    if (isMissing(fault)) return null
    throw fault
  }
}

/** @param mode of a new file; one that exists keeps its mode and its owner */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const target = await files.realpath(path).catch(() => path)
  const old = await files.stat(target).catch(() => null)
  if (old !== null && !old.isFile()) throw new Error(`${path} is not a file.`)
  // An unpredictable name: in a folder that others can write to, they could put a link under a known one.
  const draft = `${toDraftPrefix(target)}${crypto.randomUUID()}`
  const handle = await files.open(draft, 'wx', mode)
  try {
    try {
      await handle.writeFile(text)
      if (old !== null) {
        await handle.chmod(old.mode & 0o7777)
        // Only root may give a file away. For others it is theirs from now on, as with every editor.
        await handle.chown(old.uid, old.gid).catch(() => {})
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await files.rename(draft, target)
  } catch (fault) {
    await files.rm(draft, { force: true }).catch(() => {})
    throw fault
  }
  await syncFolder(dirname(target))
}

/** Without it, a loss of power could undo the rename. Some file systems cannot do it. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await files.open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // The file itself is synced.
  }
}

const toDraftPrefix = (target: string): string => join(dirname(target), `.${basename(target)}.switchyard-`)

/** Deletes the drafts that killed processes have left. What cannot be deleted stays. */
export async function deleteOldDrafts(path: string): Promise<void> {
  const target = await files.realpath(path).catch(() => path)
  const prefix = basename(toDraftPrefix(target))
  const names = await files.readdir(dirname(target)).catch(() => [])
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const draft = join(dirname(target), name)
    const stats = await files.lstat(draft).catch(() => null)
    if (stats !== null && Date.now() - stats.mtimeMs > DRAFT_MAX_AGE_MS) await files.rm(draft).catch(() => {})
  }
}

const FAULT_TEXTS: Record<string, string> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is not a folder',
  EACCES: 'this user may not write to its folder',
  EPERM: 'this user may not write to its folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EBUSY: 'the file itself is mounted; mount its folder instead',
  EXDEV: 'the file itself is mounted; mount its folder instead',
}

/** Why a file could not be read or replaced, for people. */
export function describeFileFault(fault: unknown): string {
  const code = codeOf(fault)
  // `hasOwn`, because a code comes from outside.
  const text = code !== undefined && Object.hasOwn(FAULT_TEXTS, code) ? `${FAULT_TEXTS[code]} (${code})` : undefined
  return text ?? (fault instanceof Error ? fault.message : String(fault))
}
