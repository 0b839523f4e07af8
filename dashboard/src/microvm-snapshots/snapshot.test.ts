import { describe, expect, it } from 'vitest'
import { type MicrovmSnapshot, originWords, whyNotDelete, whyNotStart } from './snapshot.ts'

const snapshot: MicrovmSnapshot = {
  id: 'snap_1',
  name: null,
  status: 'ready',
  source_vm_id: null,
  snapshot_type: 'oci',
  type: 'user',
  oci_image: 'python:3.12-slim',
  vcpu_count: 2,
  memory_mb: 512,
  size_bytes: 1,
  is_public: false,
  last_error: null,
  created_at: '2026-01-18T10:30:00Z',
  updated_at: '2026-01-18T10:30:00Z',
}

describe('a snapshot of microVMs', () => {
  it('is begun from only when it is ready', () => {
    expect(whyNotStart(snapshot)).toBeNull()
    for (const status of ['pending', 'building', 'failed', 'deleting'] as const)
      expect(whyNotStart({ status })).not.toBeNull()
  })

  it('is deleted by whoever owns it, also while it is built', () => {
    expect(whyNotDelete({ status: 'building', type: 'user' })).toBeNull()
    expect(whyNotDelete({ status: 'ready', type: 'system' })).toMatch(/operators/)
    expect(whyNotDelete({ status: 'deleting', type: 'user' })).not.toBeNull()
  })

  it('says what it is of', () => {
    expect(originWords(snapshot)).toBe('python:3.12-slim')
    expect(originWords({ ...snapshot, snapshot_type: 'vm', source_vm_id: 'vm_1' })).toBe('vm_1')
    expect(originWords({ ...snapshot, snapshot_type: 'base' })).toBe('The base')
  })
})
