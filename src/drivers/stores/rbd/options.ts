import type { OptionGroup, Values } from '../../../config/option.ts'

/** @see glance_store `_drivers/rbd.py` */
export const rbdStoreOptions = {
  rbd_store_chunk_size: {
    type: 'integer',
    default: 8,
    min: 1,
    unit: 'MiB',
    help: 'Size of the objects into which images are cut. Anything but a power of two is rounded down to one.',
  },
  rbd_store_pool: { type: 'string', default: 'images', help: 'Pool that receives images.' },
  rbd_store_user: {
    type: 'string',
    default: null,
    help: 'Ceph user without `client.`; unset: `admin`, the default of librados.',
  },
  rbd_store_ceph_conf: {
    type: 'string',
    default: '',
    help: 'Configuration file of Ceph, which also names the keyring. Empty: librados looks where it usually does. Its `rbd_default_features` and `rbd_default_data_pool` hold for new images.',
  },
  rados_connect_timeout: {
    type: 'integer',
    default: -1,
    unit: 'seconds',
    help: 'Longest wait for the cluster: to connect, and for each operation of a monitor or OSD. 0 or less: what the configuration file of Ceph says, 30 seconds where it sets no limit.',
  },
  rbd_thin_provisioning: {
    type: 'boolean',
    default: false,
    help: 'Leaves stretches of zeros unwritten, so that they take no space.',
  },
} as const satisfies OptionGroup

export type RbdStoreConfig = Values<typeof rbdStoreOptions>
