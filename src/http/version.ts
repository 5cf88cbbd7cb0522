/** The version of this code, for `/healthz` and the OpenAPI document. package.json is the only place that states it. */
export { version as VERSION } from '../../package.json'
