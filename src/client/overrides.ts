/**
 * Texts that this process reads instead of the flags: of the option `override`, over them those of the variable
 * SWITCHYARD_OVERRIDE, over them those of the file that SWITCHYARD_OVERRIDE_FILE names. They work while everything else is down,
 * so nothing here waits or throws: what cannot be used is reported, and ignored.
 */
import { toMessage } from './reporter.ts'
import { getProcess } from './host.ts'
import { listNames } from './list-names.ts'
import type { FlagCache } from './sync/flag-cache.ts'

/** 1 MiB, as a stash: a larger file is not one of overrides. */
const FILE_MAX_BYTES = 2 ** 20
const KEY = /^[\w.-]{1,128}$/

/** The time between two looks at the file. */
const LOOK_MS = 1_000

type RawEntry = [name: string, text: unknown]

/**
 * Gives the overrides to the cache, and again at each change of the file.
 * @param report is called with each new set, and with what cannot be used
 * @returns a function that ends the watch of the file
 */
export function startOverrides(
  option: Record<string, string> = {},
  cache: FlagCache,
  report: (message: string) => void,
  onChange: () => void,
): () => void {
  const { prefix } = cache
  const { env = {}, getBuiltinModule } = getProcess()
  /** The entries of the three sources, the one that counts most last. */
  const layers: [name: string, text: string][][] = []
  let applied = '[]'

  const readLayer = (layer: number, source: string, getEntries: () => RawEntry[]): void => {
    try {
      const entries = getEntries()
      const wrong: string[] = []
      layers[layer] = entries.flatMap(([key, text]) => {
        const name = key.startsWith(prefix) ? key.slice(prefix.length) : key
        if (KEY.test(prefix + name) && typeof text === 'string' && text !== '') return [[name, text]]
        wrong.push(JSON.stringify(key.slice(0, 40)))
        return []
      })
      if (wrong.length > 0) report(`${source} ignores what is not <name>=<text>: ${listNames(wrong)}.`)
    } catch (cause) {
      report(`${source} cannot be used: ${toMessage(cause)}.`)
    }
  }

  const { SWITCHYARD_OVERRIDE: variable = '', SWITCHYARD_OVERRIDE_FILE: file = '' } = env
  const fs = file && getBuiltinModule?.('node:fs')
  const readFile = (): RawEntry[] => {
    if (!fs) throw new Error('it takes Node 20.16')
    const stats = fs.statSync(file, { throwIfNoEntry: false })
    // To read a device or a pipe could block.
    if (stats && !(stats.isFile() && stats.size <= FILE_MAX_BYTES)) throw new Error('no file of up to 1 MiB')
    return stats ? parse(fs.readFileSync(file, 'utf8').replace(/^\s*#.*/gm, '')) : []
  }
  const look = (): void => {
    if (file) readLayer(2, 'SWITCHYARD_OVERRIDE_FILE', readFile)
    const overrides = new Map(layers.flat())
    const { size } = overrides
    const text = JSON.stringify([...overrides])
    if (text === applied) return
    applied = text
    cache.setOverrides(overrides)
    report(
      `This process overrides ${size || 'no'} flag${size === 1 ? '' : 's'}${size ? ': ' : ''}${listNames(cache.overridden)}.`,
    )
    onChange()
  }

  readLayer(0, 'Option `override`', () => Object.entries(option))
  readLayer(1, 'SWITCHYARD_OVERRIDE', () => parse(variable))
  // It is watched first, so that no change is missed. `watchFile` looks at the file each second, and works on every file system.
  if (fs) fs.watchFile(file, { interval: LOOK_MS, persistent: false }, look)
  look()
  return () => void (fs && fs.unwatchFile(file, look))
}

/** @throws {Error} if the text begins as a JSON object and is none */
function parse(text: string): RawEntry[] {
  const trimmed = text.trim()
  // JSON that begins with this brace is an object.
  if (trimmed.startsWith('{')) return Object.entries(JSON.parse(trimmed) as object)
  const entries = trimmed.split(/\s*[;\r\n]\s*/).filter(Boolean)
  return entries.map((entry) => {
    const [name = '', ...text] = entry.split('=')
    return [name, text.join('=')]
  })
}
