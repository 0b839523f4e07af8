/** Of a row in a list, or of all of them. With shift, by mouse or by the space bar, it reaches to the last one. */
export function Tick({
  name,
  checked,
  some = false,
  onTick,
}: {
  name: string
  checked: boolean
  /** Of many, some are and some are not. */
  some?: boolean
  onTick: (how: { on: boolean; shift: boolean }) => void
}) {
  return (
    <label className="inline-flex size-6 items-center justify-center pointer-coarse:size-9">
      <input
        type="checkbox"
        aria-label={name}
        checked={checked}
        ref={(box) => {
          if (box) box.indeterminate = some
        }}
        onChange={({ target, nativeEvent }) =>
          onTick({
            on: target.checked,
            shift: nativeEvent instanceof MouseEvent && nativeEvent.shiftKey,
          })
        }
        className="size-4 accent-(--accent)"
      />
    </label>
  )
}
