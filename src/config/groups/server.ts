import type { OptionGroup, Values } from '../option.ts'

/** `[DEFAULT]`: how glance-api listens. @see glance `common/wsgi.py` (25.1) */
export const serverOptions = {
  bind_host: {
    type: 'string',
    format: 'host',
    default: '0.0.0.0',
    help: 'Address or name of the network interface that the service listens on.',
  },
  bind_port: {
    type: 'integer',
    default: 9292,
    min: 0,
    max: 65535,
    help: 'Port that the service listens on.',
  },
  backlog: {
    type: 'integer',
    default: 4096,
    min: 1,
    help: 'How many connections the kernel keeps waiting until they are accepted.',
  },
  tcp_keepidle: {
    type: 'integer',
    default: 600,
    min: 1,
    unit: 'seconds',
    help: 'Silence on a connection after which TCP asks whether the other side is still there.',
  },
  workers: {
    type: 'integer',
    default: null,
    min: 0,
    help: 'Number of worker processes. Unset: one for each processor, at most 8. 0 serves from a single process.',
  },
  http_keepalive: {
    type: 'boolean',
    default: true,
    help: 'Let a client send several requests over one connection.',
  },
  client_socket_timeout: {
    type: 'integer',
    default: 900,
    min: 0,
    unit: 'seconds',
    help: 'Silence of a client after which its connection is closed. 0 waits for ever.',
  },
  graceful_shutdown_timeout: {
    type: 'integer',
    default: 60,
    min: 0,
    unit: 'seconds',
    help: 'How long requests in flight may take to end when the service stops or reloads. 0 waits for ever.',
  },
} as const satisfies OptionGroup
export type ServerConfig = Values<typeof serverOptions>
