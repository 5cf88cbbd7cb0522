/** Load from another process, so that the generator's work is not counted as the service's. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const AUTOCANNON = join(import.meta.dirname, '../../node_modules/autocannon/autocannon.js')

export type Request = { url: string; method?: string; headers?: Record<string, string>; body?: string }

type Result = {
  requests: { total: number }
  latency: { p50: number; p99: number }
  non2xx: number
  errors: number
  duration: number
}

/** A closed loop of 32 connections: how much can be answered. */
export const loadFully = (request: Request, amount: number): Promise<Result> =>
  run(request, ['-c', '32', '-a', String(amount)])

/** Latencies in ms at a fixed rate, by URL; the URLs take turns, so that noise hits all alike. */
export async function loadSteadily(urls: string[], rate: number, seconds: number): Promise<Map<string, number[]>> {
  const args = [join(import.meta.dirname, 'steady.ts'), String(rate), String(seconds), ...urls]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return new Map(JSON.parse(output) as [string, number[]][])
}

async function run({ url, method = 'GET', headers = {}, body }: Request, args: string[]): Promise<Result> {
  const inHeaders = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`])
  const what = ['-m', method, ...(body === undefined ? [] : ['-b', body]), ...inHeaders]
  const child = spawn(process.execPath, [AUTOCANNON, '-j', '-n', ...args, ...what, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return JSON.parse(output) as Result
}
