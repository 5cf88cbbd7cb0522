/**
 * The version of the service, the command line and the clients. It is set in package.json: `npm version` copies it to this file
 * (`local/write-version`). It is a literal, because Node has no named imports of JSON, and a bundle would carry the whole file.
 */
export const VERSION = '0.6.0'
