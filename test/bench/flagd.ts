/**
 * flagd's evaluator behind a bare Node server: OFREP in some twenty lines, for a figure to compare with. It reads its flags
 * from the first argument and says its port.
 */
import { FlagdCore } from '@openfeature/flagd-core'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'

const core = new FlagdCore()
core.setConfigurations(process.argv[2] ?? '')

const server = createServer(async (request, response) => {
  const key = /\/flags\/(.+)$/.exec(request.url ?? '')?.[1]
  const { context } = JSON.parse(await text(request)) as { context: Record<string, string> }
  const answer =
    key === undefined
      ? {
          flags: core
            .resolveAll(context)
            .map(({ flagKey, value, reason, variant }) => ({ key: flagKey, value, reason, variant })),
        }
      : { key, ...core.resolveBooleanEvaluation(key, false, context) }
  response.setHeader('Content-Type', 'application/json')
  response.end(JSON.stringify(answer))
})
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port)
})
