import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { openHttpStore } from '../../src/drivers/stores/http/http-store.ts'
import { type Nginx, startNginx } from '../support/nginx.ts'
import { describeReading } from './blob-store-reading.ts'

const config = {
  https_ca_certificates_file: null,
  https_insecure: true,
  http_proxy_information: {},
  http_local_hosts: [],
}
const rules = { trusts: () => true, refuses: () => false, follows: () => false }

for (const knowsRanges of [true, false]) {
  describe(`blob store: http, at nginx that ${knowsRanges ? 'knows' : 'does not know'} ranges`, () => {
    let nginx: Nginx
    before(async () => {
      nginx = await startNginx({ knowsRanges })
    })
    after(() => nginx?.[Symbol.asyncDispose]())

    describeReading({
      open: async (t) => {
        const store = await openHttpStore('web', config, rules)
        t.after(() => store.close())
        const missing = async () => `${nginx.url}/${randomUUID()}`
        const write = async (data: Buffer) => {
          const url = await missing()
          await writeFile(join(nginx.folder, url.slice(nginx.url.length + 1)), data)
          return url
        }
        return { store, write, missing }
      },
    })
  })
}
