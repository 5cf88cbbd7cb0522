import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'

/** `baseUrl` is https://<host>/api/stash/<id>. `render` is called at once, and within a second of every change. */
export async function follow(baseUrl, user, render) {
  await OpenFeature.setContext({ targetingKey: user })
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl, cacheMode: 'network-first' }))
  const flags = OpenFeature.getClient()
  const show = () =>
    render({
      maintenance: flags.getBooleanValue('maintenance-mode', true),
      newSearch: flags.getBooleanValue('new-search', false),
    })
  flags.addHandler(ProviderEvents.ConfigurationChanged, show)
  show()
}
