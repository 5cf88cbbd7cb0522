/**
 * `node test/stored/unpack.ts <output of record.ts> <folder>`: a `.sql` file for each stash. What a test needs to know of it
 * (its tokens, its link, what KV held) stands before the tables, as JSON in comments.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [output = '', folder = ''] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
for (const [, name = '', text = ''] of readFileSync(output, 'utf8').matchAll(/@@(\w+)@@(\{.*\})/g)) {
  // What `record.ts` printed.
  const { sql, kv, ...facts } = JSON.parse(text) as { sql: string; kv: string }
  const header = JSON.stringify({ ...facts, kv: JSON.parse(kv) as unknown }, null, 2).replace(/^/gm, '-- ')
  writeFileSync(join(folder, `${name}.sql`), `${header}\n${sql}`)
}
