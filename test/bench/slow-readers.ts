/** What a watcher that reads nothing costs the runtime in memory, above one that reads the same changes. */
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { freshStash, type Send, type Stash } from '../support/stash.ts'
import type { Contestant } from './contestants.ts'
import type { Row } from './figures.ts'

const READERS = 200
/** More than the kernel takes in for a connection whose other end does not read: 4 MiB, and what the stream may have unread. */
const CHANGES = 100
const CHANGE_BYTES = 60 * 1024
/** The last changes are still on their way when their writes are answered. */
const SETTLE_MS = 8_000

export async function benchSlowReaders(ours: Contestant, send: Send): Promise<Row[]> {
  const stash = await freshStash(send)
  await stash.put('flag', 'x')
  // The first crowds grow the heap to what broadcasting takes, whoever reads.
  for (let i = 0; i < 2; i++) await crowd(ours, stash, true)
  const reading = await crowd(ours, stash, true)
  const idle = await crowd(ours, stash, false)
  const perReader = (idle.peakKb - reading.peakKb) / READERS
  return [
    {
      what: `${READERS} SSE watchers that read nothing, above as many that read: memory of the runtime for each`,
      measured: `${perReader.toFixed(0)} KB (${(reading.peakKb / 1024).toFixed(0)} → ${(idle.peakKb / 1024).toFixed(0)} MB)`,
      bound: '≤ 1,024 KB',
      holds: perReader <= 1_024,
    },
    {
      what: 'of these, let go within the changes',
      measured: `${idle.ended}`,
      bound: `${READERS}`,
      holds: idle.ended === READERS,
    },
  ]
}

async function crowd(ours: Contestant, stash: Stash, reads: boolean): Promise<{ peakKb: number; ended: number }> {
  const sockets = await Promise.all(Array.from({ length: READERS }, () => open(ours.url, stash, reads)))
  let peakKb = 0
  const note = async () => (peakKb = Math.max(peakKb, await memoryKb(ours.pid)))
  for (let i = 0; i < CHANGES; i++) {
    await stash.put('flag', `${i}`.padEnd(CHANGE_BYTES, 'x'))
    await note()
  }
  for (const end = Date.now() + SETTLE_MS; Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    await note()
  }
  // One that was let go has an end in what the kernel holds for it.
  const ended = await Promise.all(sockets.map(readToEnd))
  for (const socket of sockets) socket.destroy()
  return { peakKb, ended: ended.filter(Boolean).length }
}

function open(url: string, stash: Stash, reads: boolean): Promise<Socket> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', reject)
    socket.write(`GET /api/stash/${stash.id}/watch HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    socket.once('data', () => {
      if (reads) socket.resume()
      else socket.pause()
      resolve(socket)
    })
  })
}

/** Whether a terminating chunk, or the end of the connection, comes within two seconds. */
function readToEnd(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => chunk.toString('latin1').endsWith('0\r\n\r\n') && resolve(true))
    socket.on('close', () => resolve(true))
    socket.on('error', () => resolve(true))
    socket.resume()
    setTimeout(() => resolve(false), 2_000)
  })
}

async function memoryKb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
}
