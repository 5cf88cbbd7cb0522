import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { STEPS } from '../../src/stash/tables/schema.ts'

/**
 * SHA-256 of each migration that has shipped, comments and blanks included. Databases exist that have run these texts: a
 * migration that differs here must be restored, and its change belongs into a new migration. A new migration gets its line
 * when it ships.
 */
const SHIPPED = [
  ['001_stash', '9147ba72dfc074d32c450400aa7167f0556f7cd1b733b4e609ceb09327fc1298'],
  ['002_safeguards', '38412bb3f8f866b3f2a07e8ccb61a45a2457d9d9d10b3580dbbe2e7490971719'],
  ['003_hubs', 'd7d3e18b8475abf8bc37e7133acbbdfd8b61e38b99acc545a710b45847180a28'],
  ['004_bounds', '082812598caeceede5de9d741d8c08c5b0a6b7865b7056b56dfe83df1c7069be'],
  ['005_people', '6880bc1a57284226fd4d22b150e13db88c32e3bf1dbef6cb0a527fd872caf948'],
  ['006_published', '85a7cd80fdb79b5c0c9f01d4620dc73329ea3016cc3bfef5f37d820a4cd4d52b'],
  ['007_refusals', '4ef61e0efeefb7c4b98837d26ada071c1f53a2ea2f9d13f1ef894bb61a230caf'],
  ['008_ends', '653257eb80cdd73de9656d9bf38d24c7968fae830476a8a8723ba1189053a4c9'],
  ['009_layout', '06cdcc9a1698dcf03d154b8c19fd12ce6f14ffe2a775b8d92a0a34c58054390e'],
  ['010_services', 'd98cd167bdc4db46a3f9cb2c5f097919cab01c984c73225776be0c3efc4a925b'],
]

describe('STEPS', () => {
  it('are exactly the shipped migrations, in their order', () => {
    const steps = STEPS.map(({ id, sql }) => [id, createHash('sha256').update(sql).digest('hex')])
    expect(steps).toEqual(SHIPPED)
  })
  it('are numbered upwards', () => {
    const ids = STEPS.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort())
    for (const id of ids) expect(id).toMatch(/^\d{3}_[a-z_]+$/)
  })
})
