import type { OptionGroup } from '../../config/option.ts'

/** `[oslo_policy]` @see oslo.policy `opts.py` */
export const oslo_policyOptions = {
  enforce_scope: {
    type: 'boolean',
    default: false,
    help: 'Refuse tokens of another scope (system, domain) than a rule is made for. Off: the scope is not looked at.',
  },
  enforce_new_defaults: {
    type: 'boolean',
    default: false,
    help: 'Ask only the rules with the reader and member roles. Off: what the older default of a rule allowed stays allowed, and only the owner or an admin may change an image.',
  },
  policy_file: {
    type: 'string',
    default: 'policy.yaml',
    deprecatedNames: ['DEFAULT/policy_file'],
    help: 'File with rules that replace the built-in ones, YAML or JSON; looked for in the directories of the configuration. If it is left at policy.yaml and there is none, policy.json is taken. It is read again when it changes.',
  },
  policy_default_rule: {
    type: 'string',
    default: 'default',
    deprecatedNames: ['DEFAULT/policy_default_rule'],
    help: 'Rule that is asked when the one wanted does not exist.',
  },
  policy_dirs: {
    type: 'multi',
    default: ['policy.d'],
    deprecatedNames: ['DEFAULT/policy_dirs'],
    help: 'Directories with more policy files, applied in the order of their names after policy_file. Missing ones are ignored.',
  },
  remote_content_type: {
    type: 'string',
    default: 'application/x-www-form-urlencoded',
    choices: ['application/x-www-form-urlencoded', 'application/json'],
    help: 'How the question is sent to the service of an http: or https: check.',
  },
  remote_ssl_verify_server_crt: {
    type: 'boolean',
    default: false,
    help: 'Check the certificate of the service of an https: check.',
  },
  remote_ssl_ca_crt_file: {
    type: 'string',
    default: null,
    help: 'PEM file with the authorities for https: checks.',
  },
  remote_ssl_client_crt_file: { type: 'string', default: null, help: 'Client certificate for https: checks, PEM.' },
  remote_ssl_client_key_file: { type: 'string', default: null, help: 'Key of the client certificate, PEM.' },
  remote_timeout: {
    type: 'float',
    default: 60,
    min: 0,
    unit: 'seconds',
    help: 'How long the service of an http: or https: check may take before it counts as refused.',
  },
} as const satisfies OptionGroup

/** Options of `[DEFAULT]` that bear on policy. */
export const policyDefaultOptions = {
  enforce_secure_rbac: {
    type: 'boolean',
    default: false,
    help: 'Older name for enforce_new_defaults of [oslo_policy]; either of them switches it on.',
  },
} as const satisfies OptionGroup
