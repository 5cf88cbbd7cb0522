/** One error in a body: where (a JSON path, '' for the whole), and what is expected there. */
export type Issue = { path: string; message: string }
