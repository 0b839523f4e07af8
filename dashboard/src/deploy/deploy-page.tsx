/** From a GPU model to a running machine, in the published order, with the price at every step. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { useMe } from '../shell/session.ts'
import { useInstanceNames } from '../snapshots/use-names.ts'
import type { ApiCallOf } from '../ui/api-call.tsx'
import { Section } from '../ui/card.tsx'
import { gigabytes, money } from '../ui/format.ts'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import {
  type Advanced,
  AdvancedOptions,
  advancedBody,
  advancedProblem,
  plain,
} from './advanced.tsx'
import { BootSource, useSources } from './boot-source.tsx'
import { type Deployment, deployCall } from './call.ts'
import { Choose } from './choose.tsx'
import { KeyChoice } from './key-choice.tsx'
import type { DeploySearch } from './routes.ts'
import { SoldOut } from './sold-out.tsx'
import { alternativesTo, leftWords, machinesLeft, priceFrom, useStocks } from './stock.ts'
import { Summary } from './summary.tsx'
import { type Flavor, useOffer } from './use-offer.ts'

export function DeployPage() {
  const search = useSearch({ from: '/shell/instances/new' })
  const region = useRegion()
  const { list, offer } = useOffer({ ...search, in: search.in ?? region })
  if (list.isError) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (offer?.flavor === undefined)
    return (
      <Frame>
        {offer === undefined ? (
          <Loading what="what there is" />
        ) : (
          <p>No region has anything to deploy. The operator configures flavors in garrison.yaml.</p>
        )}
      </Frame>
    )
  return (
    <Form search={search} offer={offer} flavor={offer.flavor} flavors={list.data?.flavors ?? []} />
  )
}

const Frame = ({ call, children }: { call?: ApiCallOf; children: ReactNode }) => (
  <Page
    guide="deploying"
    title="Deploy instance"
    lead="Charged by the minute from the moment that it runs until it is deleted or hibernated."
    {...(call && { calls: [call] })}
  >
    {children}
  </Page>
)

type Offer = NonNullable<ReturnType<typeof useOffer>['offer']>

function Form({
  search,
  offer,
  flavor,
  flavors,
}: {
  search: DeploySearch
  offer: Offer
  flavor: Flavor
  flavors: readonly Flavor[]
}) {
  const navigate = useNavigate({ from: '/instances/new' })
  const { currency } = useMe()
  const set = (change: DeploySearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const [name, setName] = useState('')
  const [keys, setKeys] = useState<readonly string[] | null>(null)
  const [advanced, setAdvanced] = useState<Advanced>(plain)
  const [waitHours, setWaitHours] = useState(0)
  const [elsewhere, setElsewhere] = useState<readonly string[]>([])
  const stocks = useStocks()
  const taken = useInstanceNames(name)
  const boot = search.boot ?? 'os_image'
  const sources = useSources(boot, flavor.region)
  const source = sources.choices.find((each) => each.value === search.source) ?? sources.choices[0]
  const mine = useQuery(reading('/api/ssh-keys/', { query: { page_size: 100 } }))
  // As published: a single key is chosen already.
  const all = mine.data?.ssh_keys ?? []
  const chosenKeys = keys ?? (all.length === 1 ? all.map((key) => key.id) : [])
  const alternatives = offer.soldOut
    ? alternativesTo(flavor, flavors, { sameRegion: boot !== 'os_image' })
    : []
  const taking = alternatives
    .filter(({ key }) => elsewhere.includes(key))
    .map((each) => ({ region: each.flavor.region, flavor: each.flavor.name }))
  const thereNow = alternatives.some(
    (each) => each.flavor.available && elsewhere.includes(each.key),
  )
  const waits = offer.soldOut && waitHours > 0 && !thereNow
  const bodyNow = (): Deployment => ({
    vm_name: name,
    region: flavor.region,
    flavor: flavor.name,
    boot_source: boot,
    ...(boot === 'os_image' ? { os_image: source?.value } : {}),
    ...(boot === 'volume' ? { volume_id: source?.value } : {}),
    ...(boot === 'custom_image' ? { image_id: source?.value } : {}),
    ssh_key_ids: [...chosenKeys],
    ...advancedBody(advanced),
    ...(taking.length > 0 ? { alternatives: taking } : {}),
    ...(offer.soldOut && waitHours > 0
      ? { wait_until: new Date(Date.now() + waitHours * 3_600_000).toISOString() }
      : {}),
  })
  const deploy = useMutation({
    mutationFn: () => post('/api/deploy/', { body: bodyNow() }),
    onSuccess: async ({ data, deploy_request }) => {
      await stale('/api/instances/', '/api/deploy-requests/', '/api/flavors/')
      if (deploy_request)
        await navigate({ to: '/deploy-requests/$id', params: { id: deploy_request.id } })
      else if (data) await navigate({ to: '/instances/$id', params: { id: data.instance_id } })
    },
  })
  const fields = deploy.error instanceof ApiError ? deploy.error.fields : {}
  const reason =
    nameProblem(name, { taken }) ??
    (source === undefined ? 'Choose what to boot from' : null) ??
    (chosenKeys.length === 0 ? 'Choose at least one SSH key' : null) ??
    advancedProblem(advanced) ??
    (offer.soldOut && waitHours === 0 && !thereNow
      ? 'It is sold out; let it wait, or choose another'
      : null)
  return (
    <Frame call={deployCall(bodyNow())}>
      <div className="grid gap-x-12 gap-y-8 xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-8">
          <Section title="GPU model">
            <Choose
              label="GPU model"
              value={offer.model}
              onValue={(model) => set({ model, flavor: undefined, source: undefined })}
              choices={offer.models.map((model) => ({
                value: model,
                words: model === 'CPU' ? 'No GPU' : model,
                detail: [
                  priceFrom(flavors, model, currency),
                  leftWords(machinesLeft(stocks, { model }) || null),
                ]
                  .filter(Boolean)
                  .join(' · '),
                reason: flavors.some((each) => each.gpu_type === model && each.available)
                  ? null
                  : 'Sold out',
              }))}
            />
          </Section>
          <Section title={offer.model === 'CPU' ? 'Size' : 'Number of GPUs'}>
            <Choose
              label="Size"
              value={flavor.name}
              onValue={(next) => set({ flavor: next })}
              choices={offer.sizes.map((each) => ({
                value: each.name,
                words: each.gpu_count > 0 ? `${each.gpu_count} × ${each.gpu_type}` : each.name,
                detail: [
                  `${each.vcpus} vCPU · ${gigabytes(each.ram_gb)} RAM · ${gigabytes(each.storage_gb)} disk`,
                  `${money(each.prices[currency] ?? 0, currency)}/h`,
                  leftWords(
                    machinesLeft(stocks, { model: each.gpu_type, count: each.gpu_count }) || null,
                  ),
                ]
                  .filter(Boolean)
                  .join(' · '),
                reason: offer.ofModel.some((one) => one.name === each.name && one.available)
                  ? null
                  : 'Sold out',
              }))}
            />
          </Section>
          <Section title="Region">
            <Choose
              label="Region"
              value={flavor.region}
              onValue={(region) => set({ in: region, source: undefined })}
              choices={offer.regions.map(({ region, available, simulated }) => ({
                value: region,
                words: region,
                detail: [
                  available &&
                    (leftWords(
                      machinesLeft(stocks, {
                        model: flavor.gpu_type,
                        count: flavor.gpu_count,
                        region,
                      }),
                    ) ??
                      'In stock'),
                  simulated && 'simulated',
                ]
                  .filter(Boolean)
                  .join(' · '),
                reason: available ? null : 'Sold out',
              }))}
            />
            {offer.insteadOf && (
              <Notice tone="warning">
                {offer.insteadOf} has none of these now; this one would be in {flavor.region}.
              </Notice>
            )}
          </Section>
          <BootSource
            boot={boot}
            sources={sources}
            value={source?.value}
            onBoot={(next) =>
              set({ boot: next === 'os_image' ? undefined : next, source: undefined })
            }
            onSource={(next) => set({ source: next })}
          />
          <KeyChoice keys={all} chosen={chosenKeys} onChosen={setKeys} loading={mine.isPending} />
          <Section title="Name">
            <div className="max-w-md">
              <NameField
                label="Name of the instance"
                value={name}
                onValue={setName}
                taken={taken}
                error={fields.vm_name?.[0]}
                touched={deploy.isError}
                placeholder="web-1"
              />
            </div>
          </Section>
          <AdvancedOptions value={advanced} onValue={setAdvanced} />
        </div>
        <Summary
          flavor={flavor}
          source={source?.words}
          keys={chosenKeys.length}
          soldOut={
            offer.soldOut && (
              <SoldOut
                waitHours={waitHours}
                onWaitHours={setWaitHours}
                alternatives={alternatives}
                chosen={elsewhere}
                onChosen={setElsewhere}
              />
            )
          }
          submit={waits ? 'Deploy when there is room' : 'Deploy instance'}
          reason={reason}
          pending={deploy.isPending}
          error={deploy.error}
          onDeploy={() => deploy.mutate()}
        />
      </div>
    </Frame>
  )
}
