/**
 * `/stash/{id}/flagd.json` and `/stash/{id}/openfeature/v0/…`: the flags of a stash in the formats of flagd and the OpenFeature CLI.
 * Public, and cached like a read.
 */
import { Hono } from 'hono'
import type { LiveSnapshot } from '../../model/snapshot/snapshot.ts'
import { readSnapshot } from '../response/read-snapshot.ts'
import { problemResponse } from '../response/reply.ts'
import { serveDocument } from '../response/serve.ts'
import { toReadScope, type App, type Ctx } from '../scope.ts'
import { DocumentCache } from './document-cache.ts'
import { writeFlagdDocument } from './flagd-document.ts'
import { writeManifest, writeManifestFile } from './manifest.ts'

/** 4 MiB at most: a full stash takes about half of it. */
const texts = new DocumentCache(2 * 1024 * 1024)

export const documents = new Hono<App>()
  .get('/stash/:stash/flagd.json', (c) => serveStash(c, 'flagd', writeFlagdDocument))
  .get('/stash/:stash/openfeature/v0/manifest', (c) => serveStash(c, 'manifest', writeManifest))
  .get('/stash/:stash/openfeature/v0/manifest.json', (c) => serveStash(c, 'manifest file', writeManifestFile))

async function serveStash(c: Ctx, name: string, write: (snapshot: LiveSnapshot) => string): Promise<Response> {
  const read = await readSnapshot(toReadScope(c))
  if (!read.ok) return problemResponse(read.refusal)
  return serveDocument(c.req.raw, read.value.entry, (snapshot) => texts.get(snapshot, name, write))
}
