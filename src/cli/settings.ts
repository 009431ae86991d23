import { type CloudFiles, flattenCloud, readClouds } from './clouds.ts'

/** Where a setting comes from: `--os-NAME`, the variable OS_NAME, or the key in clouds.yaml; a hyphen or underscore as fits. */
export const settingNames = {
  auth_type: 'kind of authentication: password, token, v3applicationcredential, token_endpoint or none',
  auth_url: 'address of Keystone',
  username: 'name of the user',
  user_id: 'ID of the user',
  user_domain_name: 'name of the domain of the user',
  user_domain_id: 'ID of the domain of the user',
  password: 'password of the user',
  token: 'token to use in place of a password',
  application_credential_id: 'ID of the application credential',
  application_credential_name: 'name of the application credential; needs the user too',
  application_credential_secret: 'secret of the application credential',
  project_name: 'name of the project',
  project_id: 'ID of the project',
  project_domain_name: 'name of the domain of the project',
  project_domain_id: 'ID of the domain of the project',
  domain_name: 'name of the domain, for a token of that scope',
  domain_id: 'ID of the domain, for a token of that scope',
  system_scope: '"all" for a token of that scope',
  trust_id: 'ID of the trust to act by',
  default_domain: 'domain of user and project where none is named (default: default)',
  region_name: 'region of the image service',
  interface: 'kind of endpoint: public, internal or admin (default: public)',
  endpoint: 'address of the image service, in place of the one in the catalog',
  image_endpoint_override: 'the same, for the image service alone',
  cacert: 'file of the certificates of the authorities to trust',
  cert: 'file of the client certificate',
  key: 'file of the key of the client certificate',
} as const

export type SettingName = keyof typeof settingNames
type Given = Readonly<Partial<Record<SettingName, string>>>

export type AuthType = 'none' | 'token_endpoint' | 'password' | 'token' | 'application_credential'

export interface Settings extends Given {
  readonly authType: AuthType
  /** False accepts any certificate. */
  readonly verify: boolean
}

const authTypes: Readonly<Record<string, AuthType>> = {
  none: 'none',
  noauth: 'none',
  token_endpoint: 'token_endpoint',
  admin_token: 'token_endpoint',
  password: 'password',
  v3password: 'password',
  token: 'token',
  v3token: 'token',
  v3applicationcredential: 'application_credential',
}

export interface SettingsSource extends CloudFiles {
  /** From the command line. */
  readonly flags: Given
  /** Name of the cloud asked for on the command line. */
  readonly cloud?: string | undefined
  readonly insecure?: boolean | undefined
}

/**
 * Resolves how to reach the image service: flags win over OS_* variables, they over the cloud of clouds.yaml.
 * Where nothing says otherwise the cloud is the only one there is; where there is none, it is the service on this machine.
 */
export async function resolveSettings(source: SettingsSource): Promise<Settings> {
  const { env, flags } = source
  const given: Record<string, string> = {}
  const fromEnv = readEnvironment(env)
  const standsAlone = [fromEnv, flags].some((from) => from.auth_url || from.endpoint || from.auth_type)
  const cloud = await chooseCloud(source, { standsAlone })
  for (const from of [cloud, fromEnv, flags]) {
    for (const [name, value] of Object.entries(from)) if (value) given[name] = value
  }
  const settings: Given = {
    ...given,
    ...((given.project_name ?? given.tenant_name) && { project_name: given.project_name ?? given.tenant_name }),
    ...((given.project_id ?? given.tenant_id) && { project_id: given.project_id ?? given.tenant_id }),
  } as Given
  const verify = !(source.insecure || isTrue(given.insecure) || (given.verify !== undefined && !isTrue(given.verify)))
  return { ...settings, authType: chooseAuthType(settings), verify }
}

async function chooseCloud(source: SettingsSource, options: { standsAlone: boolean }): Promise<Record<string, string>> {
  const wanted = source.cloud ?? source.env.OS_CLOUD
  if (!wanted && options.standsAlone) return {}
  const clouds = await readClouds(source)
  if (!wanted) {
    const [only] = clouds.values()
    return clouds.size === 1 && only ? flattenCloud(only) : {}
  }
  const cloud = clouds.get(wanted)
  if (!cloud) {
    const names = [...clouds.keys()].join(', ')
    throw new Error(
      `There is no cloud ${wanted} in clouds.yaml; ${names ? `it has: ${names}` : 'no such file has any'}.`,
    )
  }
  return flattenCloud(cloud)
}

function readEnvironment(env: CloudFiles['env']): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of [...Object.keys(settingNames), 'tenant_name', 'tenant_id', 'insecure']) {
    const value = env[`OS_${name.toUpperCase()}`]
    if (value) found[name] = value
  }
  if (!found.interface && env.OS_ENDPOINT_TYPE) found.interface = env.OS_ENDPOINT_TYPE
  return found
}

function chooseAuthType(settings: Given): AuthType {
  if (settings.auth_type) {
    const known = authTypes[settings.auth_type]
    if (known) return known
    throw new Error(
      `Authentication of type ${settings.auth_type} is not known; use ${Object.keys(authTypes).join(', ')}.`,
    )
  }
  if (!settings.auth_url) return settings.endpoint && settings.token ? 'token_endpoint' : 'none'
  if (settings.application_credential_secret) return 'application_credential'
  return settings.token ? 'token' : 'password'
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && ['1', 'true', 'yes', 'on'].includes(text.toLowerCase())
}
