/**
 * `node test/stored/unpack.ts <output of record.ts> <folder>`: writes a `.sql` file for each stash. It begins with the facts
 * that tests need (tokens, link, text in KV), as JSON in comments.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [output = '', folder = ''] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
for (const [, name = '', text = ''] of readFileSync(output, 'utf8').matchAll(/@@(\w+)@@(\{.*\})/g)) {
  // `record.ts` prints this form.
  const { sql, kv, ...facts } = JSON.parse(text) as { sql: string; kv: string }
  const header = JSON.stringify({ ...facts, kv: JSON.parse(kv) as unknown }, null, 2).replace(/^/gm, '-- ')
  writeFileSync(join(folder, `${name}.sql`), `${header}\n${sql}`)
}
