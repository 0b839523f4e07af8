import { TextArea, TextField } from '../ui/fields.tsx'
import { patternsProblem, urlProblem } from './event-patterns.ts'
import { EventPicker } from './event-picker.tsx'

export type Draft = { url: string; description: string; patterns: readonly string[] }

export const longestDescription = 255

export const draftProblem = ({ url, patterns }: Draft) =>
  urlProblem(url) ?? patternsProblem(patterns)

/** What a webhook is made of; for a new one and for a change. */
export function WebhookFields({
  draft,
  onDraft,
  said,
}: {
  draft: Draft
  onDraft: (draft: Draft) => void
  /** What the server said of each field. */
  said: Readonly<Record<string, readonly string[]>>
}) {
  return (
    <>
      <TextField
        label="Address"
        type="url"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        maxLength={2_000}
        value={draft.url}
        onValue={(url) => onDraft({ ...draft, url })}
        placeholder="https://example.com/hooks/garrison"
        error={(draft.url === '' ? null : urlProblem(draft.url)) ?? said.url?.[0]}
        hint="Each event is sent there by POST. Answer with 2xx within 15 seconds."
      />
      <TextArea
        label="Description"
        rows={2}
        maxLength={longestDescription}
        aside={`${draft.description.length}/${longestDescription}`}
        value={draft.description}
        onValue={(description) => onDraft({ ...draft, description })}
        error={said.description?.[0]}
      />
      <EventPicker
        patterns={draft.patterns}
        onPatterns={(patterns) => onDraft({ ...draft, patterns })}
      />
    </>
  )
}
