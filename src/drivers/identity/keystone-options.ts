import type { OptionGroup, Values } from '../../config/option.ts'

/** `[keystone_authtoken]`: how tokens are validated. @see keystonemiddleware `auth_token/_opts.py` */
export const keystone_authtokenOptions = {
  www_authenticate_uri: {
    type: 'string',
    default: null,
    deprecatedNames: ['auth_uri'],
    help: 'Public address of Keystone, told to clients whose token is refused.',
  },
  http_connect_timeout: {
    type: 'integer',
    default: null,
    min: 1,
    unit: 'seconds',
    help: 'Longest time that validating one token may take, with all attempts; 10 if it is not set. Then the answer is 503.',
  },
  http_request_max_retries: {
    type: 'integer',
    default: 3,
    min: 0,
    help: 'How often a request to Keystone is sent again when the connection fails.',
  },
  certfile: { type: 'string', default: null, help: 'Client certificate for Keystone, PEM.' },
  keyfile: { type: 'string', default: null, help: 'Key of the client certificate, PEM.' },
  cafile: {
    type: 'string',
    default: null,
    help: "PEM file with the authorities that vouch for Keystone's certificate; the system's if it is not set.",
  },
  insecure: { type: 'boolean', default: false, help: "Take Keystone's certificate as it is, without checking it." },
  memcached_servers: {
    type: 'list',
    default: [],
    deprecatedNames: ['memcache_servers'],
    help: 'Memcached servers, host:port, where validated tokens are kept for all processes. Tokens themselves are not stored.',
  },
  token_cache_time: {
    type: 'integer',
    default: 300,
    min: -1,
    unit: 'seconds',
    help: 'How long a validated token is believed; a revoked token may work that long. -1 or 0: ask Keystone each time.',
  },
  memcache_security_strategy: {
    type: 'string',
    default: 'None',
    choices: ['None', 'MAC', 'ENCRYPT'],
    ignoreCase: true,
    help: 'Protect what is kept in memcached: MAC against forging, ENCRYPT against reading too.',
  },
  memcache_secret_key: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Secret for memcache_security_strategy; all processes of an installation must have the same.',
  },
  memcache_pool_dead_retry: {
    type: 'integer',
    default: 300,
    min: 0,
    unit: 'seconds',
    help: 'How long a memcached server that failed is left alone.',
  },
  memcache_pool_socket_timeout: {
    type: 'integer',
    default: 3,
    min: 1,
    unit: 'seconds',
    help: 'How long a memcached server may take to answer.',
  },
  service_token_roles: {
    type: 'list',
    default: ['service'],
    help: "Roles of services: a service token with one of them may bring a user's token that has expired.",
  },
  service_token_roles_required: {
    type: 'boolean',
    default: false,
    help: 'Ignore service tokens without one of service_token_roles.',
  },
  service_type: {
    type: 'string',
    default: null,
    help: 'Type of this service in access rules of application credentials (image). Without it, tokens with access rules are refused.',
  },
  auth_section: {
    type: 'string',
    default: null,
    help: 'Section that holds the account of the service instead of this one.',
  },
} as const satisfies OptionGroup

/** An account of the service at Keystone, in any section. @see keystoneauth1 `loading` */
export const serviceAccountOptions = {
  auth_type: {
    type: 'string',
    default: null,
    deprecatedNames: ['auth_plugin'],
    choices: ['password', 'v3password', 'v2password', 'v3applicationcredential'],
    help: 'How the service proves itself to Keystone. In [keystone_authtoken], the identity_uri and admin_ options count without it.',
  },
  auth_url: {
    type: 'string',
    default: null,
    help: 'Address of Keystone, with or without /v3. All requests to Keystone go there.',
  },
  username: { type: 'string', default: null, deprecatedNames: ['user_name', 'user-name'], help: 'Name of the user.' },
  user_id: { type: 'string', default: null, help: 'Id of the user, instead of name and domain.' },
  password: { type: 'string', default: null, secret: true, help: 'Password of the user.' },
  user_domain_name: { type: 'string', default: null, help: 'Name of the domain of the user.' },
  user_domain_id: { type: 'string', default: null, help: 'Id of the domain of the user.' },
  project_name: {
    type: 'string',
    default: null,
    deprecatedNames: ['tenant_name', 'tenant-name'],
    help: 'Name of the project in which the user acts.',
  },
  project_id: {
    type: 'string',
    default: null,
    deprecatedNames: ['tenant_id', 'tenant-id'],
    help: 'Id of that project, instead of name and domain.',
  },
  project_domain_name: { type: 'string', default: null, help: 'Name of the domain of the project.' },
  project_domain_id: { type: 'string', default: null, help: 'Id of the domain of the project.' },
  domain_name: {
    type: 'string',
    default: null,
    help: 'Name of the domain in which the user acts, instead of a project.',
  },
  domain_id: { type: 'string', default: null, help: 'Id of the domain in which the user acts, instead of a project.' },
  system_scope: { type: 'string', default: null, help: 'The value all: the user acts on the whole installation.' },
  trust_id: { type: 'string', default: null, help: 'Id of a trust that gives the user his rights.' },
  default_domain_name: { type: 'string', default: null, help: 'Domain of user and project where none is named.' },
  default_domain_id: {
    type: 'string',
    default: null,
    help: 'Id of the domain of user and project where none is named.',
  },
  application_credential_id: { type: 'string', default: null, help: 'Id of the application credential.' },
  application_credential_name: {
    type: 'string',
    default: null,
    help: 'Name of the application credential; the user must be named too.',
  },
  application_credential_secret: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Secret of the application credential.',
  },
} as const satisfies OptionGroup

/**
 * The account with which the service validates tokens, in `[keystone_authtoken]` or the section that `auth_section` names.
 * @see keystonemiddleware `auth_token/_auth.py`
 */
export const keystoneAccountOptions = {
  ...serviceAccountOptions,
  identity_uri: { type: 'string', default: null, help: 'Older name for auth_url, used if there is no auth_type.' },
  auth_protocol: {
    type: 'string',
    default: 'https',
    choices: ['http', 'https'],
    help: 'Scheme of the address of Keystone if neither auth_url nor identity_uri is set.',
  },
  auth_host: { type: 'string', default: '127.0.0.1', help: 'Host in that case.' },
  auth_port: { type: 'integer', default: 35357, min: 1, max: 65535, help: 'Port in that case.' },
  auth_admin_prefix: { type: 'string', default: '', help: 'Path in that case.' },
  admin_user: { type: 'string', default: null, help: 'Older name for username, used if there is no auth_type.' },
  admin_password: { type: 'string', default: null, secret: true, help: 'Password of admin_user.' },
  admin_tenant_name: { type: 'string', default: 'admin', help: 'Name of the project of admin_user.' },
} as const satisfies OptionGroup

export type KeystoneAuthtokenConfig = Values<typeof keystone_authtokenOptions>
export type ServiceAccountConfig = Values<typeof serviceAccountOptions>
export type KeystoneAccountConfig = Values<typeof keystoneAccountOptions>
