/** `npm run probe -- <url>`. Exit code: 0 if it ran, 1 if something could not be deleted, 2 if it did not run. */
import { readOptions, USAGE, type Options } from './options.ts'
import { runProbe, type Line, type Report } from './probe.ts'

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

const parsed = parse()
if (parsed === null) print(USAGE)
else process.exitCode = await run(parsed)

function parse(): Options | null {
  try {
    return readOptions(process.argv.slice(2), process.env)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

async function run(options: Options): Promise<number> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  try {
    const report = await runProbe(options, interrupted.signal, (line) => options.isJson || printLine(line))
    if (options.isJson) print(JSON.stringify(report, null, 2))
    else printEnd(report)
    return report.left.length === 0 ? 0 : 1
  } catch (error) {
    process.stderr.write(`${options.url.origin}: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
}

function printLine({ line, figure, how, replaces }: Line): void {
  print(`${line}: ${figure}`)
  if (how !== '') print(`    how: ${how}`)
  for (const { name, assumed } of replaces) print(`    replaces: ${name} = ${[assumed].flat().join(', ')}`)
}

function printEnd({ url, version, place, requests, seconds, left }: Report): void {
  const where = place.isCloudflare ? `Cloudflare, ${place.colo ?? 'unknown place'}` : 'not Cloudflare'
  const cache = place.hasCache ? 'a cache in front' : 'no cache in front'
  const mode = place.isVouched ? 'reads are vouched' : 'reads are not vouched'
  print(`\n${url}, version ${version}: ${where}, ${cache}, ${mode}. ${requests} requests in ${seconds} s.`)
  print(left.length === 0 ? 'All that it made is deleted.' : `Not deleted: ${left.join('; ')}`)
}
