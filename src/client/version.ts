/** The version of the client, which it says in its requests. A test compares it with package.json. */
export const VERSION = '0.6.0'
