import { describe, expect, it } from 'vitest'
import { describeIssues } from '../validation-words.ts'
import { DeploymentRequest } from './deployment.ts'

const valid = {
  vm_name: 'web-1',
  region: 'LOCAL-1',
  flavor: 'cpu-small',
  os_image: 'garrison-small',
  ssh_key_ids: ['BRK-100001K'],
}

const { flavor: _, ...withoutHardware } = valid

function complaints(body: unknown) {
  return describeIssues(DeploymentRequest.safeParse(body).error?.issues ?? [])
}

describe('a deployment request', () => {
  it('takes a flavor', () => {
    expect(complaints(valid)).toEqual({})
  })

  it('takes a GPU model, with and without a count', () => {
    expect(complaints({ ...withoutHardware, gpu_model: 'L40' })).toEqual({})
    expect(complaints({ ...withoutHardware, gpu_model: 'L40', gpu_count: 2 })).toEqual({})
  })

  it('takes no hardware but a flavor or a GPU model, and not both', () => {
    expect(complaints(withoutHardware)).toEqual({ flavor: ['Give either flavor or gpu_model.'] })
    expect(complaints({ ...valid, gpu_model: 'L40' })).toEqual({
      flavor: ['Give either flavor or gpu_model, not both.'],
    })
    expect(complaints({ ...valid, gpu_count: 2 })).toEqual({
      gpu_count: ['Goes with gpu_model only.'],
    })
  })

  it.each([
    ['os_image', 'os_image'],
    ['custom_image', 'image_id'],
    ['volume', 'volume_id'],
  ])('for the boot source %s wants %s', (boot_source, field) => {
    expect(complaints({ ...valid, os_image: undefined, boot_source })).toEqual({
      [field]: ['This field is required.'],
    })
  })

  it('boots from an OS image when nothing else is said', () => {
    expect(complaints({ ...valid, os_image: undefined })).toEqual({
      os_image: ['This field is required.'],
    })
  })

  it('ignores fields it does not know', () => {
    expect(DeploymentRequest.parse({ ...valid, color: 'red' })).toEqual(valid)
  })

  it('reports everything at once, fields and what is between them', () => {
    expect(
      complaints({ vm_name: 'a/b', boot_source: 'floppy', ssh_key_ids: [], gpu_count: 0 }),
    ).toEqual({
      vm_name: ['Use letters, digits, spaces, hyphens, underscores and periods only.'],
      region: ['This field is required.'],
      boot_source: ['Not a valid choice. Choose one of: os_image, volume, custom_image.'],
      ssh_key_ids: ['Ensure this field has at least 1 element.'],
      flavor: ['Give either flavor or gpu_model.'],
      gpu_count: ['Ensure this value is greater than or equal to 1.', 'Goes with gpu_model only.'],
    })
  })

  it.each([[null], [[]], ['text']])('says of the body %j that it is no object', (body) => {
    expect(complaints(body)).toEqual({
      non_field_errors: ['Invalid data. Expected a JSON object.'],
    })
  })

  it('wants each SSH key once', () => {
    expect(complaints({ ...valid, ssh_key_ids: ['BRK-100001K', 'BRK-100001K'] })).toEqual({
      ssh_key_ids: ['Name each key only once.'],
    })
  })

  it.each([
    ['', 'This field may not be blank.'],
    ['a'.repeat(51), 'Ensure this field has no more than 50 characters.'],
    [' web', 'Must not begin or end with a space.'],
    ['web\n', 'Use letters, digits, spaces, hyphens, underscores and periods only.'],
    ['wéb', 'Use letters, digits, spaces, hyphens, underscores and periods only.'],
  ])('refuses the name %j', (vm_name, words) => {
    expect(complaints({ ...valid, vm_name }).vm_name).toContain(words)
  })

  it.each(['#!/bin/sh\ntrue', '#cloud-config\nruncmd: []', `#!${'é'.repeat(8191)}`])(
    'takes user-data (%#)',
    (cloud_init) => {
      expect(complaints({ ...valid, cloud_init })).toEqual({})
    },
  )

  it.each([
    ['runcmd: []', 'Must start with #cloud-config or #!.'],
    ['#cloud-configuration', 'Must start with #cloud-config or #!.'],
    ['', 'Must start with #cloud-config or #!.'],
    [`#!${'é'.repeat(8192)}`, 'Ensure this field has no more than 16384 bytes.'],
    ['#!/bin/sh\0', 'Null characters are not allowed.'],
  ])('refuses other user-data (%#)', (cloud_init, words) => {
    expect(complaints({ ...valid, cloud_init })).toEqual({ cloud_init: [words] })
  })

  it('names the field of a rule by its place', () => {
    const rule = { direction: 'ingress', ethertype: 'IPv4', remote_ip_prefix: '0.0.0.0/0' }
    expect(complaints({ ...valid, security_rules: [rule] })).toEqual({
      'security_rules.0.protocol': ['This field is required.'],
    })
  })

  it('wants a password for Jupyter', () => {
    expect(complaints({ ...valid, jupyter: { enabled: true } })).toEqual({
      'jupyter.password': ['A password is required to enable Jupyter.'],
    })
  })
})
