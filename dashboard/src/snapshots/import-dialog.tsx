import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { Facts } from '../ui/card.tsx'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, TextArea } from '../ui/fields.tsx'
import { FileField } from '../ui/file-field.tsx'
import { bytes, gigabytes } from '../ui/format.ts'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Time } from '../ui/time.tsx'
import { tell } from '../ui/toast.tsx'
import { type Manifest, manifestOf } from './manifest.ts'
import { startUpload, whyNotFile } from './uploads.ts'
import { useSnapshotNames } from './use-names.ts'

/** Of a disk that was exported, here or elsewhere. The upload then goes on behind the page. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [manifest, setManifest] = useState<Manifest | null>(null)
  const [wrong, setWrong] = useState<string | null>(null)
  const [disk, setDisk] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const regions = useQuery(reading('/api/regions/', { query: { tier: 'legacy' } }))
  const preferred = useRegion()
  const [chosenRegion, setRegion] = useState('')
  const names = regions.data?.regions.map((each) => each.name) ?? []
  const region = chosenRegion || (names.includes(preferred) ? preferred : (names[0] ?? ''))
  const flavors = useQuery({
    ...reading('/api/flavors/', { query: { region } }),
    enabled: region !== '',
  })
  const [flavor, setFlavor] = useState('')
  const taken = useSnapshotNames(name)
  const size = manifest?.files[0]?.size_bytes ?? 0
  const wrongDisk = disk && manifest ? whyNotFile(disk, size) : null

  const read = async (file: File | null) => {
    const found = file === null ? null : manifestOf(await file.text())
    setWrong(typeof found === 'string' ? found : null)
    setManifest(typeof found === 'string' ? null : found)
    if (found !== null && typeof found !== 'string') {
      setName(found.name)
      setDescription(found.description ?? '')
    }
  }
  const announce = useMutation({
    mutationFn: (from: Manifest) =>
      post('/api/snapshots/import/', {
        body: {
          manifest: from,
          region,
          name,
          ...(description === '' ? {} : { description }),
          ...(flavor === '' ? {} : { flavor }),
        },
      }),
    onSuccess: ({ snapshot, import: { upload_path } }) => {
      if (disk !== null) void startUpload(snapshot.id, disk, upload_path)
      void stale('/api/snapshots/')
      tell(`${snapshot.name} is being uploaded; its card shows how far it is.`)
      onClose()
    },
  })
  const fields = announce.error instanceof ApiError ? announce.error.fields : {}
  return (
    <FormDialog
      title="Import snapshot"
      open
      onClose={onClose}
      onSubmit={() => manifest && announce.mutate(manifest)}
      submit="Import snapshot"
      submitting="Importing…"
      pending={announce.isPending}
      error={announce.error}
      reason={
        manifest === null
          ? 'Choose the manifest'
          : disk === null
            ? 'Choose the disk'
            : (wrongDisk ?? (region === '' ? 'Choose a region' : nameProblem(name, { taken })))
      }
    >
      <p className="text-ink-2">
        Both files of an export: the manifest, which says what the disk is, and the disk itself.
      </p>
      <FileField
        label="Manifest"
        accept=".json,application/json"
        onFile={(file) => void read(file)}
        error={wrong}
        hint={manifest && <Said manifest={manifest} />}
      />
      <FileField
        label="Disk"
        accept=".qcow2,application/octet-stream"
        onFile={setDisk}
        error={wrongDisk}
        hint={disk && bytes(disk.size)}
      />
      {manifest && (
        <>
          <NameField
            value={name}
            onValue={setName}
            taken={taken}
            error={fields.name?.[0]}
            touched={announce.isError}
          />
          <SelectField
            label="Region"
            value={region}
            onValue={(next) => {
              setRegion(next)
              setFlavor('')
            }}
            choices={names.map((value) => ({ value, words: value }))}
          />
          <details>
            <summary className="cursor-pointer py-1 font-medium">Advanced options</summary>
            <div className="flex flex-col gap-4 pt-2">
              <SelectField
                label="What restored instances are made of"
                value={flavor || 'as-it-was'}
                onValue={(next) => setFlavor(next === 'as-it-was' ? '' : next)}
                choices={[
                  { value: 'as-it-was', words: `As it was: ${manifest.shape.flavor}` },
                  ...(flavors.data?.flavors ?? [])
                    .filter((each) => each.storage_gb >= manifest.shape.disk_gb)
                    .map((each) => ({
                      value: each.name,
                      words: `${each.name}: ${each.vcpus} vCPUs, ${gigabytes(each.ram_gb)}`,
                    })),
                ]}
              />
              <TextArea
                label="Description"
                hint="Optional."
                maxLength={1000}
                value={description}
                onValue={setDescription}
              />
            </div>
          </details>
        </>
      )}
    </FormDialog>
  )
}

function Said({ manifest }: { manifest: Manifest }) {
  const { shape, vm_name, os_image, created_at, files } = manifest
  return (
    <Facts
      facts={[
        ['VM', vm_name],
        ['Taken', <Time key="taken" at={created_at} exact />],
        ['OS image', os_image.name],
        ['Made of', `${shape.vcpus} vCPUs, ${gigabytes(shape.disk_gb)} disk`],
        ['File', files[0] && bytes(files[0].size_bytes)],
      ]}
    />
  )
}
