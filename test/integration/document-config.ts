import type { Sections } from '../support/config-file.ts'
import type { Peers } from '../support/peers.ts'

/** The `glance-api.conf` of Mitaka's installation guide for Debian and Ubuntu, with hosts, ports and passwords of ours. */
export function documentConfig({
  databaseUrl,
  keystone,
  memcached,
}: { databaseUrl: string } & Pick<Peers, 'keystone' | 'memcached'>): Sections {
  return {
    database: { connection: databaseUrl },
    keystone_authtoken: {
      auth_uri: keystone.publicUrl,
      auth_url: keystone.adminUrl,
      memcached_servers: `${memcached.host}:${memcached.port}`,
      auth_type: 'password',
      project_domain_name: 'default',
      user_domain_name: 'default',
      project_name: 'service',
      username: 'glance',
      password: keystone.service.password,
    },
    paste_deploy: { flavor: 'keystone' },
    glance_store: {
      stores: 'file,http',
      default_store: 'file',
      filesystem_store_datadir: '/var/lib/glance/images/',
    },
  }
}

/** Its `glance-registry.conf`. */
export function documentRegistryConfig(peers: Parameters<typeof documentConfig>[0]): Sections {
  const { database = {}, keystone_authtoken = {}, paste_deploy = {} } = documentConfig(peers)
  return { database, keystone_authtoken, paste_deploy }
}
