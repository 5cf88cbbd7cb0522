/** All of stdin, as text. What is no text is refused by the service, not mended here. */
import { Misuse } from '../exit.ts'

export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Misuse('stdin is not text. A value is UTF-8; encode binary data, for example as base64.')
  }
}
