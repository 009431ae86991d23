import { readFile } from 'node:fs/promises'
import { parseIni } from '../../../config/ini.ts'
import { GlimpseError } from '../../../errors/error.ts'
import type { SwiftStoreConfig } from './options.ts'

type Domain = { readonly id: string } | { readonly name: string }

/** How an account proves itself to Keystone. */
export type Credentials =
  | { readonly applicationCredential: { readonly id: string; readonly secret: string } }
  | {
      /** `project:user`, as in locations. */
      readonly user: string
      readonly key: string
      readonly userDomain: Domain
      readonly projectDomain: Domain
    }

/** An account at Swift under the name by which locations mean it. */
export interface Reference {
  readonly name: string
  /** As configured, with its scheme. */
  readonly authAddress: string
  readonly credentials: Credentials
}

export const defaultDomain: Domain = { id: 'default' }

/**
 * Reads the accounts: those of `swift_store_config_file`, or the one that the options describe; none if there is neither.
 * @throws store_misconfigured
 * @see glance_store `_drivers/swift/utils.py` `SwiftParams`
 */
export async function readReferences(
  config: SwiftStoreConfig,
  { storeId }: { storeId: string },
): Promise<ReadonlyMap<string, Reference>> {
  const path = config.swift_store_config_file
  const sections = path === null ? optionSection(config) : await readSections(path, storeId)
  const references = new Map<string, Reference>()
  for (const [name, values] of sections) {
    const credentials = credentialsOf(values)
    const authAddress = values.get('auth_address')
    if (credentials === undefined || !authAddress) {
      const reason = `the account ${name} needs auth_address with user and key, or with application_credential_id and application_credential_secret`
      throw new GlimpseError('store_misconfigured', { store: storeId, reason })
    }
    references.set(name, { name, authAddress, credentials })
  }
  return references
}

type Section = ReadonlyMap<string, string>

function optionSection(config: SwiftStoreConfig): ReadonlyMap<string, Section> {
  const values = Object.entries({
    auth_address: config.swift_store_auth_address,
    user: config.swift_store_user,
    key: config.swift_store_key,
    application_credential_id: config.swift_store_application_credential_id,
    application_credential_secret: config.swift_store_application_credential_secret,
  }).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return values.length === 0 ? new Map() : new Map([[config.default_swift_reference, new Map(values)]])
}

/** The file is one of Python's configparser: `[DEFAULT]` holds for all sections, and `%%` is a percent sign. */
async function readSections(path: string, storeId: string): Promise<ReadonlyMap<string, Section>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const reason = `swift_store_config_file ${path} cannot be read`
    throw new GlimpseError('store_misconfigured', { store: storeId, reason }, { cause })
  }
  const { assignments, sections, faults } = parseIni(text)
  const [fault] = faults
  if (fault) {
    const reason = `swift_store_config_file ${path}, line ${fault.line}: ${fault.problem}`
    throw new GlimpseError('store_misconfigured', { store: storeId, reason })
  }
  const valuesOf = (section: string): [string, string][] =>
    assignments
      .filter((assignment) => assignment.section === section)
      .map(({ name, value }) => [name.toLowerCase(), value.replaceAll('%%', '%')])
  const common = valuesOf('DEFAULT')
  const names = new Set(sections.filter((name) => name !== 'DEFAULT'))
  return new Map([...names].map((name) => [name, new Map([...common, ...valuesOf(name)])]))
}

function credentialsOf(values: Section): Credentials | undefined {
  const id = values.get('application_credential_id')
  const secret = values.get('application_credential_secret')
  if (id && secret) return { applicationCredential: { id, secret } }
  const user = values.get('user')
  const key = values.get('key')
  if (!user || !key) return undefined
  return { user, key, userDomain: domainOf(values, 'user'), projectDomain: domainOf(values, 'project') }
}

function domainOf(values: Section, of: 'user' | 'project'): Domain {
  const id = values.get(`${of}_domain_id`)
  const name = values.get(`${of}_domain_name`)
  if (id) return { id }
  return name ? { name } : defaultDomain
}
