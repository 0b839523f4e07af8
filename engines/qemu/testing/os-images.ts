import { ImageStore } from '@garrison/guest/image-store'

/** Shared by all tests of a host, as it is by all installations. */
const IMAGE_CACHE = '/var/cache/garrison/images'

export function testOsImages(): ImageStore {
  return new ImageStore({ cacheDir: IMAGE_CACHE })
}
