/** What `wrangler deploy` ships: the HTTP app, and the class behind each stash. */
export { StashObject } from './stash/stash-object.ts'
export { default } from './http/app.ts'
