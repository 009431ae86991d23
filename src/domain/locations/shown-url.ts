/** Parts of a query that are as good as a password: signatures and keys of pre-signed URLs. */
const secretParameter =
  /([?&](?:x-amz-(?:signature|credential|security-token)|signature|awsaccesskeyid|sig|temp_url_sig|token)=)[^&#]+/gi

/**
 * A location as it may be shown: without the account that its URL names, and without signatures. What names no secret
 * (`rbd://`, `file://`, `cinder://`, `swift+config://`) is shown as it is.
 * @see glance_store `_drivers/s3.py`, `_drivers/swift/store.py`, `_drivers/http.py`: `StoreLocation`
 */
export function shownUrl(url: string): string {
  // Keys of S3 stand in the URL as they are, slashes included.
  const account = /^s3(\+https?)?:/i.test(url) ? /^([^:]+:\/\/)[^@]*@/ : /^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i
  return url.replace(account, '$1').replace(secretParameter, '$1***')
}
