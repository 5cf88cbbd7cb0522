/** The version of this code, for `/healthz` and the OpenAPI document. It is changed in package.json. */
export { version as VERSION } from '../../package.json'
