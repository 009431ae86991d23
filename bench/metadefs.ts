import { measureRequests, type Setting } from './measures.ts'
import type { Contender } from './services.ts'

const namespaces = '/v2/metadefs/namespaces'
const large = 'Bench::Large'

/** Makes 30 namespaces with two resource types each, one of them with 50 properties. */
export async function fillMetadefs({ url }: Contender, { token }: Setting): Promise<void> {
  const property = (i: number) => ({
    title: `Property ${i}`,
    description: 'What a property says of itself in a sentence of the usual length.',
    type: 'string',
    enum: ['one', 'two', 'three'],
    default: 'one',
  })
  for (let i = 0; i < 30; i++) {
    const isLarge = i === 15
    const body = {
      namespace: isLarge ? large : `Bench::${i}`,
      display_name: `Namespace ${i}`,
      description: 'What a namespace is for, in a sentence of the usual length, maybe in two.',
      visibility: 'public',
      resource_type_associations: [{ name: 'OS::Glance::Image', prefix: 'hw_' }, { name: 'OS::Nova::Flavor' }],
      properties: Object.fromEntries(
        Array.from({ length: isLarge ? 50 : 3 }, (_, n) => [`property_${n}`, property(n)]),
      ),
    }
    const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json', Connection: 'close' }
    const response = await fetch(url + namespaces, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`POST ${namespaces}: ${response.status} ${await response.text()}`)
    await response.arrayBuffer()
  }
}

/** A list of 25 namespaces, and one of 50 properties. */
export async function measureMetadefs(contender: Contender, setting: Setting): Promise<void> {
  await measureRequests(contender, setting, { name: 'list of 25 namespaces', path: namespaces })
  await measureRequests(contender, setting, { name: 'namespace of 50 properties', path: `${namespaces}/${large}` })
}
