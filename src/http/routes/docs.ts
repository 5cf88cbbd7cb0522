/** Serves the guides: pages, pictures, files to import, and the files that every page loads (`site/`). */
import { Hono } from 'hono'
import { createPolicy, serveAsset, toFolderSource } from '../response/asset.ts'
import { problemResponse } from '../response/reply.ts'
import type { App, Ctx } from '../scope.ts'

export const docs = new Hono<App>()
  .get('/docs', (c) => servePage(c, 'index'))
  .get('/docs/:page{.*}', (c) => {
    const name = c.req.param('page').replace(/\/$/, '') || 'index'
    return FILE.test(name) ? serveFile(c, name) : servePage(c, name)
  })

const PAGE = /^(?:[a-z]+(?:-[a-z]+)*\/)?[a-z]+(?:-[a-z]+)*$/
const FILE = /^(?:[a-z]+-[A-Z0-9]{8}\.(?:css|js|json)|pictures\/[a-z0-9-]+\.png|operate\/[a-z-]+\.(?:yml|json))$/

async function servePage(c: Ctx, name: string): Promise<Response> {
  const { url } = c.req
  const policy = createPolicy(url, 'docs', toFolderSource(url, 'docs'))
  const found = PAGE.test(name) && name !== '404' ? await serveAsset(c, `docs/${name}.html`, policy) : null
  if (found !== null) return found
  // A person follows an old link; a program reads the code.
  const isBrowser = c.req.header('Accept')?.includes('text/html') === true
  const page = isBrowser ? await serveAsset(c, 'docs/404.html', policy) : null
  if (page === null || page.status !== 200) return problemResponse({ code: 'route_not_found' })
  return new Response(page.body, { status: 404, headers: page.headers })
}

const serveFile = async (c: Ctx, name: string): Promise<Response> =>
  (await serveAsset(c, `docs/${name}`)) ?? problemResponse({ code: 'route_not_found' })
