import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { policyCases } from './cases/policy.ts'
import { ComparedServices } from './support/comparison.ts'
import { type PolicyVariant, policyVariants } from './support/policy-variants.ts'
import { caseSettings } from './support/settings.ts'

const checks = await serveChecks()
const variants = await policyVariants(checks.url)

describe("the reference's sample policy, changed, gives the answers that it gives there", () => {
  let directory: string
  let services: ComparedServices

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-policy-'))
    await mkdir(join(directory, 'policy.d'))
    const oslo_policy = { policy_file: join(directory, 'policy.yaml'), policy_dirs: join(directory, 'policy.d') }
    services = await ComparedServices.start({ name: 'policy', settings: { ...caseSettings, oslo_policy } })
  })

  after(async () => {
    await services?.[Symbol.asyncDispose]()
    await checks[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  for (const variant of variants) {
    describe(variant.name, () => {
      before(async () => {
        await put(variant, directory)
        await services.restart()
      })

      for (const testCase of policyCases('policy')) {
        it(testCase.name, async () => {
          const { expected, actual } = await services.compare(testCase, `${variant.name}: ${testCase.name}`)
          assert.deepEqual(actual, expected)
        })
      }
    })
  }
})

async function put({ file, folder = {} }: PolicyVariant, directory: string): Promise<void> {
  const [path, folderPath] = [join(directory, 'policy.yaml'), join(directory, 'policy.d')]
  await rm(path, { force: true })
  await rm(folderPath, { recursive: true })
  await mkdir(folderPath)
  if (file !== undefined) await writeFile(path, file)
  for (const [name, content] of Object.entries(folder)) await writeFile(join(folderPath, name), content)
}

/** Answers `http:` checks: yes about what is public, no at `/refused`, else yes to the owner of the image. */
async function serveChecks(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request))
    const [target, credentials] = ['target', 'credentials'].map((name) => JSON.parse(form.get(name) ?? '{}')) as [
      Record<string, unknown>,
      Record<string, unknown>,
    ]
    const owns = credentials.project_id !== undefined && credentials.project_id === target.project_id
    const allowed = request.url === '/public' || (request.url !== '/refused' && owns)
    response.end(allowed ? 'True' : 'False')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
