import { OpenFeature } from '@openfeature/server-sdk'
import { OFREPProvider } from '@openfeature/ofrep-provider'

// FLAGS is https://<host>/api/stash/<id>
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: process.env.FLAGS }))
const flags = OpenFeature.getClient()

console.log(await flags.getBooleanValue('maintenance-mode', true))
console.log(await flags.getNumberValue('max-uploads', 10))
console.log(await flags.getObjectValue('theme', {}))
for (const targetingKey of ['user-1', 'user-2', 'user-3', 'user-4']) {
  console.log(targetingKey, await flags.getBooleanValue('new-search', false, { targetingKey }))
}
const { value, errorCode } = await flags.getStringDetails('no-such-flag', 'my default')
console.log(value, errorCode)
