import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]`: where an API node without a database of its own finds its metadata. @see glance `registry/__init__.py`, `registry/client/__init__.py` (Mitaka) */
export const registryClientOptions = {
  data_api: {
    type: 'string',
    default: 'glance.db.sqlalchemy.api',
    choices: ['glance.db.sqlalchemy.api', 'glance.db.registry.api'],
    help: 'Where metadata is kept: glance.db.sqlalchemy.api is the database of [database], glance.db.registry.api a glance-registry, so that this node holds no credentials of a database.',
  },
  registry_host: {
    type: 'string',
    format: 'host',
    default: '0.0.0.0',
    help: 'Address or name of the host of glance-registry; 0.0.0.0 is this one.',
  },
  registry_port: {
    type: 'integer',
    default: 9191,
    min: 1,
    max: 65535,
    help: 'Port of glance-registry.',
  },
  registry_client_protocol: {
    type: 'string',
    default: 'http',
    choices: ['http', 'https'],
    help: 'How glance-registry is reached: https if a TLS proxy stands before it.',
  },
  registry_client_ca_file: {
    type: 'string',
    default: null,
    help: "PEM file with the authorities that vouch for the registry's certificate; the system's if it is not set.",
  },
  registry_client_cert_file: { type: 'string', default: null, help: 'Client certificate for the registry, PEM.' },
  registry_client_key_file: { type: 'string', default: null, help: 'Key of the client certificate, PEM.' },
  registry_client_insecure: {
    type: 'boolean',
    default: false,
    help: "Take the registry's certificate as it is, without checking it.",
  },
  registry_client_timeout: {
    type: 'integer',
    default: 600,
    min: 0,
    unit: 'seconds',
    help: 'Longest time of one question to the registry, with all attempts; then the answer is 503. 0: no limit.',
  },
} as const satisfies OptionGroup
export type RegistryClientConfig = Values<typeof registryClientOptions>
