/** One thing wrong with a body: where (a JSON path, '' for the whole) and what would have been right. */
export type Issue = { path: string; message: string }
