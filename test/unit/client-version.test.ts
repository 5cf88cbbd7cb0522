import { expect, it } from 'vitest'
import { VERSION } from '../../src/client/version.ts'
import manifest from '../../package.json' with { type: 'json' }

it('is that of package.json', () => {
  expect(VERSION).toBe(manifest.version)
})
