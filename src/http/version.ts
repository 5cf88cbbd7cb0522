/** The version of this code, for `/healthz` and the OpenAPI document. It stands in package.json and nowhere else. */
export { version as VERSION } from '../../package.json'
