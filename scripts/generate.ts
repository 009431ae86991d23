import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { knownOptions } from '../src/config/known-options.ts'
import { renderReference, renderSample } from '../src/config/render.ts'
import { renderPolicySample } from '../src/domain/policy/sample.ts'
import { chapters } from '../src/main/options.ts'
import { registryChapters } from '../src/main/registry-settings.ts'

/** Writes the files that come from declarations; with `--check` writes nothing and fails if one of them is stale. */
const generated: Readonly<Record<string, () => string>> = {
  'etc/glance-api.conf.sample': () => renderSample(chapters),
  'etc/glance-registry.conf.sample': () => renderSample(registryChapters),
  'etc/policy.yaml.sample': renderPolicySample,
  'docs/configuration.md': () => renderReference(chapters, knownOptions),
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const stale: string[] = []
for (const [path, render] of Object.entries(generated)) {
  const url = new URL(`../${path}`, import.meta.url)
  const text = render()
  if ((await readFile(url, 'utf8').catch(() => '')) === text) continue
  stale.push(path)
  if (!values.check) await writeFile(url, text)
}
if (values.check && stale.length > 0) {
  process.stderr.write(`Stale: ${stale.join(', ')}. Run: npm run generate\n`)
  process.exitCode = 1
} else if (stale.length > 0) process.stdout.write(`Written: ${stale.join(', ')}\n`)
