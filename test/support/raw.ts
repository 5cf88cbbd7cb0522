/** Sends requests as bytes, because `fetch` would resolve `..`, reject malformed headers and normalize the rest. */
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type RawAnswer = { status: number; headers: Map<string, string>; body: string }

/**
 * Sends one request over a new connection, and closes it when the response has the bytes that its Content-Length states, because
 * after a refusal the server need not read the rest of the request's body.
 * @param head the request line and headers. Host is added, and Content-Length as well unless `head` states the length.
 */
export function sendRaw(url: string, head: string[], body: Uint8Array | string = ''): Promise<RawAnswer> {
  const { protocol, hostname, port, host } = new URL(url)
  const bytes = Buffer.from(body)
  const chunked = head.includes('Transfer-Encoding: chunked')
  const measured = chunked || head.some((line) => line.startsWith('Content-Length:'))
  const lines = [...head, `Host: ${host}`, ...(measured ? [] : [`Content-Length: ${bytes.byteLength}`]), '', '']
  return new Promise((resolve, reject) => {
    const socket =
      protocol === 'https:'
        ? connectTls(Number(port || 443), hostname, { servername: hostname })
        : connect(Number(port || 80), hostname)
    const chunks: Buffer[] = []
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the connection closed before the answer was whole: ${head[0]}`)))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const answer = parse(Buffer.concat(chunks).toString('utf8'))
      const length = head[0]?.startsWith('HEAD') ? 0 : Number(answer?.headers.get('content-length') ?? 0)
      if (answer === null || Buffer.byteLength(answer.body) < length) return
      resolve(answer)
      socket.destroy()
    })
    socket.write(lines.join('\r\n'))
    if (chunked) socket.write(`${bytes.byteLength.toString(16)}\r\n`)
    socket.write(bytes)
    if (chunked) socket.write('\r\n0\r\n\r\n')
  })
}

function parse(text: string): RawAnswer | null {
  if (!text.includes('\r\n\r\n')) return null
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}
