import type { OptionGroup, Values } from '../option.ts'

/** `[database]`, with the names of all releases since Mitaka. @see oslo.db `options.py` */
export const databaseOptions = {
  connection: {
    type: 'string',
    default: null,
    secret: true,
    deprecatedNames: ['DEFAULT/sql_connection', 'sql_connection', 'sql/connection'],
    help: 'URL of the database: mysql+pymysql://user:password@host/name, postgresql://user:password@host/name or sqlite:////path/of/file. Special characters in the password are written as %XX.',
  },
  max_pool_size: {
    type: 'integer',
    default: 5,
    deprecatedNames: ['DEFAULT/sql_max_pool_size', 'sql_max_pool_size'],
    help: 'Connections that one worker process keeps open. 0: no limit.',
  },
  max_overflow: {
    type: 'integer',
    default: 50,
    deprecatedNames: ['DEFAULT/sql_max_overflow', 'sqlalchemy_max_overflow'],
    help: 'Connections that one worker process may open beyond max_pool_size under load.',
  },
  pool_timeout: {
    type: 'integer',
    default: null,
    unit: 'seconds',
    deprecatedNames: ['sqlalchemy_pool_timeout'],
    help: 'How long a request waits for a free connection. Unset: 30 seconds.',
  },
  connection_recycle_time: {
    type: 'integer',
    default: 3600,
    unit: 'seconds',
    deprecatedNames: ['idle_timeout', 'DEFAULT/sql_idle_timeout', 'sql_idle_timeout', 'sql/idle_timeout'],
    help: 'Age at which a connection is replaced by a new one.',
  },
  max_retries: {
    type: 'integer',
    default: 10,
    deprecatedNames: ['DEFAULT/sql_max_retries', 'sql_max_retries'],
    help: 'How often connecting is tried again at start. -1: for ever.',
  },
  retry_interval: {
    type: 'integer',
    default: 10,
    unit: 'seconds',
    deprecatedNames: ['DEFAULT/sql_retry_interval', 'reconnect_interval'],
    help: 'Time between two attempts to connect at start.',
  },
  mysql_wsrep_sync_wait: {
    type: 'integer',
    default: null,
    min: 0,
    help: 'On Galera: which statements wait until the node has applied what the cluster has committed (1: reads). Unset: as the server has it.',
  },
} as const satisfies OptionGroup
export type DatabaseConfig = Values<typeof databaseOptions>
