import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { Dialog, DialogBody, FormDialog } from '../ui/dialog.tsx'
import { TextArea } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Notice } from '../ui/notice.tsx'

const prefixes = /^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/=]+( .*)?$/

/** Imports a public key, or has a pair made, whose private half is there to be kept once. */
export function AddSshKeyDialog({
  onClose,
  onAdded,
}: {
  onClose: () => void
  onAdded?: (id: string) => void
}) {
  const [name, setName] = useState('')
  const [publicKey, setPublicKey] = useState('')
  const [made, setMade] = useState<{ name: string; pem: string } | null>(null)
  const mine = useQuery(reading('/api/ssh-keys/', { query: { page_size: 100 } }))
  const taken = mine.data?.ssh_keys.map((key) => key.name) ?? []
  const line = publicKey.trim()
  const add = useMutation({
    mutationFn: () =>
      post('/api/ssh-keys/', { body: { name, ...(line === '' ? {} : { public_key: line }) } }),
    onSuccess: async ({ ssh_key, private_key }) => {
      await stale('/api/ssh-keys/')
      onAdded?.(ssh_key.id)
      if (private_key === null) return onClose()
      download(`${ssh_key.name}.pem`, private_key)
      setMade({ name: ssh_key.name, pem: private_key })
    },
  })
  const fields = add.error instanceof ApiError ? add.error.fields : {}
  const keyProblem =
    line === '' || prefixes.test(line)
      ? null
      : 'One line as in id_ed25519.pub: ssh-ed25519, ssh-rsa or ecdsa-sha2-nistp…, then the key.'
  if (made !== null) return <Keep made={made} onClose={onClose} />
  return (
    <FormDialog
      title="Add SSH key"
      open
      onClose={onClose}
      onSubmit={() => add.mutate()}
      submit={line === '' ? 'Create key pair' : 'Import key'}
      submitting={line === '' ? 'Creating…' : 'Importing…'}
      pending={add.isPending}
      error={add.error}
      reason={nameProblem(name, { kind: 'tight', taken }) ?? keyProblem}
    >
      <NameField
        kind="tight"
        value={name}
        onValue={setName}
        taken={taken}
        error={fields.name?.[0]}
        placeholder="laptop"
      />
      <TextArea
        label="Public key"
        mono
        rows={4}
        value={publicKey}
        onValue={setPublicKey}
        error={keyProblem ?? fields.public_key?.[0]}
        spellCheck={false}
        placeholder="ssh-ed25519 AAAA… me@laptop"
        hint="Left empty, a 2048-bit RSA pair is made, and its private key downloaded at once."
      />
    </FormDialog>
  )
}

function Keep({
  made: { name, pem },
  onClose,
}: {
  made: { name: string; pem: string }
  onClose: () => void
}) {
  const file = `${name}.pem`
  return (
    <Dialog title="Keep the private key" open wide onClose={onClose}>
      <DialogBody>
        <Notice tone="warning">
          {file} was downloaded. It cannot be fetched again: nobody but you has it.
        </Notice>
        <p>Make it readable for you alone, or SSH refuses it. On Linux and macOS:</p>
        <Code text={`chmod 600 ${file}\nssh -i ${file} USER@ADDRESS`} label="command" />
        <p>On Windows:</p>
        <Code
          text={`icacls ${file} /inheritance:r /grant:r "%USERNAME%:R"`}
          label="Windows command"
        />
        <div className="flex justify-end gap-2">
          <Button onClick={() => download(file, pem)}>Download again</Button>
          <Button look="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </DialogBody>
    </Dialog>
  )
}

function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
