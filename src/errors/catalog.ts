/** Every error that a user can meet: stable code, HTTP status, text. The text says what is wrong and, where it helps, what to do. */
interface Entry {
  readonly status: number
  readonly message: (params: never) => string
}

export const catalog = {
  bad_request: { status: 400, message: (p: { reason: string }) => p.reason },
  unauthorized: {
    status: 401,
    message: (_: Record<string, never>) => 'The request you have made requires authentication.',
  },
  forbidden: { status: 403, message: (p: { reason: string }) => p.reason },
  not_found: { status: 404, message: (p: { reason: string }) => p.reason },
  method_not_allowed: {
    status: 405,
    message: (p: { method: string }) => `Method ${p.method} is not allowed for this resource.`,
  },
  conflict: { status: 409, message: (p: { reason: string }) => p.reason },
  request_too_large: { status: 413, message: (p: { reason: string }) => p.reason },
  uri_too_long: { status: 414, message: (_: Record<string, never>) => 'The request URI was too long for this server.' },
  header_fields_too_large: {
    status: 431,
    message: (_: Record<string, never>) => 'The header fields of the request are larger than max_header_line allows.',
  },
  request_id_too_long: {
    status: 431,
    message: (p: { maxLength: number }) => `The x-openstack-request-id is longer than ${p.maxLength} characters.`,
  },
  not_implemented: {
    status: 501,
    message: (p: { method: string }) => `The request method ${p.method} is not implemented for this server.`,
  },
  unsupported_media_type: { status: 415, message: (p: { reason: string }) => p.reason },
  range_not_satisfiable: { status: 416, message: (p: { reason: string }) => p.reason },
  internal: {
    status: 500,
    message: (_: Record<string, never>) =>
      'The server has either erred or is incapable of performing the requested operation.',
  },

  policy_file_invalid: {
    status: 500,
    message: (p: { file: string; reason: string }) => `Policy file ${p.file} cannot be used: ${p.reason}`,
  },
  property_protections_invalid: {
    status: 500,
    message: (p: { file: string; reason: string }) => `Property protection file ${p.file} cannot be used: ${p.reason}`,
  },
  identity_unavailable: {
    status: 503,
    message: (p: { reason: string }) => `The identity service cannot be reached: ${p.reason}`,
  },
  database_unavailable: {
    status: 503,
    message: (p: { reason: string }) => `The database cannot be reached: ${p.reason}`,
  },

  config_invalid: {
    status: 500,
    message: (p: { faults: readonly string[] }) =>
      `The configuration has ${p.faults.length === 1 ? 'a fault' : `${p.faults.length} faults`}:\n  ${p.faults.join('\n  ')}`,
  },
  database_url_invalid: { status: 500, message: (p: { reason: string }) => p.reason },

  image_not_found: { status: 404, message: (p: { id: string }) => `No image found with ID ${p.id}` },
  image_id_taken: { status: 409, message: (p: { id: string }) => `Image ID ${p.id} already exists!` },
  image_status_conflict: {
    status: 409,
    message: (p: { id: string; status: string }) =>
      `Image ${p.id} is in status ${p.status}, which does not allow this operation.`,
  },
  image_changed: {
    status: 409,
    message: (p: { id: string }) => `Image ${p.id} was changed by another operation.`,
  },
  image_property_conflict: {
    status: 409,
    message: (p: { id: string; name: string }) =>
      `Property ${p.name} of image ${p.id} was changed by another operation.`,
  },
  marker_not_found: {
    status: 400,
    message: (p: { marker: string }) => `Marker ${p.marker} is no image that can be seen.`,
  },
  tag_not_found: { status: 404, message: (p: { tag: string }) => `Image has no tag ${p.tag}` },
  member_exists: {
    status: 409,
    message: (p: { memberId: string }) => `Member ${p.memberId} is already associated with the image.`,
  },
  member_not_found: { status: 404, message: (p: { memberId: string }) => `No member ${p.memberId} on this image` },

  image_protected: {
    status: 403,
    message: (p: { id: string }) => `Image ${p.id} is protected and cannot be deleted.`,
  },
  location_last: {
    status: 403,
    message: (p: { id: string }) => `The only data of image ${p.id} can only be deleted together with the image.`,
  },
  schema_violation: {
    status: 400,
    message: (p: { schema: string; reason: string }) =>
      `Provided object does not match schema '${p.schema}': ${p.reason}`,
  },
  property_read_only: { status: 403, message: (p: { name: string }) => `Attribute '${p.name}' is read-only.` },
  property_reserved: { status: 403, message: (p: { name: string }) => `Attribute '${p.name}' is reserved.` },
  property_missing: { status: 409, message: (p: { name: string }) => `Property ${p.name} does not exist.` },
  property_present: { status: 409, message: (p: { name: string }) => `Property ${p.name} already present.` },
  property_not_removable: { status: 403, message: (p: { name: string }) => `Property ${p.name} may not be removed.` },
  quota_exceeded: {
    status: 413,
    message: (p: { what: string; attempted: number; maximum: number }) =>
      `The limit of ${p.what} has been exceeded. Attempted: ${p.attempted}, Maximum: ${p.maximum}`,
  },

  metadef_not_found: {
    status: 404,
    message: (p: { noun: string; name: string }) => `There is no metadata definition ${p.noun} ${p.name}.`,
  },
  metadef_exists: {
    status: 409,
    message: (p: { noun: string; name: string }) => `The metadata definition ${p.noun} ${p.name} exists already.`,
  },
  metadef_protected: {
    status: 403,
    message: (p: { noun: string; name: string }) =>
      `The metadata definition ${p.noun} ${p.name} is protected and cannot be deleted.`,
  },

  store_unknown: { status: 400, message: (p: { id: string }) => `Store for identifier ${p.id} not found` },
  store_read_only: { status: 400, message: (p: { store: string }) => `Store ${p.store} takes no data.` },
  store_misconfigured: {
    status: 500,
    message: (p: { store: string; reason: string }) => `Store ${p.store} cannot be opened: ${p.reason}`,
  },
  blob_not_found: { status: 404, message: (p: { store: string }) => `The data is missing in store ${p.store}.` },
  blob_exists: { status: 409, message: (p: { key: string }) => `Data for image ${p.key} is already in the store.` },
  blob_in_use: { status: 409, message: (p: { key: string }) => `The data of image ${p.key} is in use.` },
  blob_truncated: {
    status: 500,
    message: (p: { store: string; expectedBytes: number; readBytes: number }) =>
      `Store ${p.store} ended after ${p.readBytes} of ${p.expectedBytes} bytes.`,
  },
  copy_damaged: {
    status: 500,
    message: (p: { store: string }) => `The data in store ${p.store} is not what the image's digest says.`,
  },
  location_unreadable: {
    status: 500,
    message: (_: Record<string, never>) =>
      'A location in the database cannot be decrypted: it was written with another metadata_encryption_key.',
  },
  storage_full: { status: 413, message: (p: { store: string }) => `Store ${p.store} has no space left for the data.` },
  storage_write_denied: { status: 503, message: (p: { store: string }) => `Store ${p.store} denied writing.` },
  store_unavailable: {
    status: 503,
    message: (p: { store: string; reason: string }) => `Store ${p.store} cannot be used: ${p.reason}`,
  },
  image_gone: {
    status: 410,
    message: (p: { id: string }) =>
      `Image ${p.id} was deleted or changed while its data was uploaded; the data has been removed.`,
  },
  image_size_limit: {
    status: 413,
    message: (p: { capBytes: number }) => `The image is larger than ${p.capBytes} bytes, the limit of this service.`,
  },
  storage_quota_full: {
    status: 413,
    message: (p: { remainingBytes: number }) =>
      `The image exceeds the storage quota, of which ${p.remainingBytes} bytes remain.`,
  },
  limit_exceeded: {
    status: 413,
    message: (p: {
      projectId: string | null
      excesses: readonly { resource: string; maximum: number; used: number; delta: number }[]
    }) =>
      `Project ${p.projectId} would exceed its limits: ${p.excesses
        .map(
          ({ resource, maximum, used, delta }) =>
            `${resource} is over limit of ${maximum} due to current usage ${used} and delta ${delta}`,
        )
        .join(', ')}`,
  },
  limits_unusable: {
    status: 500,
    message: (p: { reason: string }) => `The limits of projects cannot be read from Keystone: ${p.reason}`,
  },
  reservation_lost: {
    status: 503,
    message: (p: { resource: string }) => `The reservation of ${p.resource} has expired.`,
  },
  upload_size_mismatch: {
    status: 400,
    message: (p: { expectedBytes: number; receivedBytes: number }) =>
      `The body has ${p.receivedBytes} bytes where ${p.expectedBytes} were announced.`,
  },
  digest_mismatch: {
    status: 400,
    message: (p: { algorithm: string; expected: string; found: string }) =>
      `The data is not what was expected: its ${p.algorithm} is ${p.found}, not ${p.expected}.`,
  },
  client_gone: {
    status: 400,
    message: (_: Record<string, never>) => 'The client closed the connection before it had the data.',
  },
  image_data_refused: {
    status: 415,
    message: (p: { reason: string }) => `The data of the image is refused: ${p.reason}.`,
  },
  upload_aborted: {
    status: 400,
    message: (_: Record<string, never>) => 'The client closed the connection before the data was complete.',
  },

  cache_unusable: {
    status: 500,
    message: (p: { directory: string; reason: string }) =>
      `The image cache in ${p.directory} cannot be used: ${p.reason}`,
  },
  cache_fill_ended: {
    status: 503,
    message: (_: Record<string, never>) => 'The image was taken out of the cache before it was complete.',
  },
  cache_data_wrong: {
    status: 500,
    message: (p: { algorithm: string }) => `The data of the image does not have its ${p.algorithm} digest.`,
  },

  url_refused: {
    status: 400,
    message: (p: { url: string }) => `This service does not import from the address ${p.url}.`,
  },
  fetch_refused: { status: 400, message: (p: { reason: string }) => `The data cannot be fetched: ${p.reason}.` },
  fetch_failed: { status: 503, message: (p: { reason: string }) => `The data cannot be fetched now: ${p.reason}.` },
  import_failed: { status: 400, message: (p: { reason: string }) => `The import has failed: ${p.reason}` },

  job_interrupted: {
    status: 503,
    message: (_: Record<string, never>) => 'This process ends; another one goes on with the work.',
  },
  job_cancelled: { status: 409, message: (_: Record<string, never>) => 'The work was cancelled.' },
  job_lease_lost: {
    status: 409,
    message: (p: { jobId: string }) => `Job ${p.jobId} is worked on by another process now.`,
  },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof catalog
export type ErrorParams<C extends ErrorCode> = Parameters<(typeof catalog)[C]['message']>[0]
