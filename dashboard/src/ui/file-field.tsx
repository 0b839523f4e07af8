import { type ReactNode, useId } from 'react'

/** One file of this computer. The browser's own control, so that dropping a file on it works as well. */
export function FileField({
  label,
  accept,
  hint,
  error,
  onFile,
}: {
  label: string
  accept: string
  hint?: ReactNode
  error?: string | null | undefined
  onFile: (file: File | null) => void
}) {
  const id = useId()
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        type="file"
        accept={accept}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-hint` : undefined}
        onChange={({ target }) => onFile(target.files?.[0] ?? null)}
        className="w-full rounded-md border border-edge/70 bg-raised text-ink-2 file:mr-3 file:h-(--control) file:cursor-pointer file:border-0 file:border-r file:border-solid file:border-hairline file:bg-sunken file:px-3 file:font-medium file:text-ink hover:file:bg-hover"
      />
      {(error || hint) && (
        <div id={`${id}-hint`} className={error ? 'text-sm text-problem' : 'text-sm text-ink-3'}>
          {error || hint}
        </div>
      )}
    </div>
  )
}
