/** What can be had: flavors by GPU model, the regions that have them, and which is meant now. */
import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import type { DeploySearch } from './routes.ts'

export type Flavor = Answer<'get', '/api/flavors/'>['flavors'][number]

const byCount = (a: Flavor, b: Flavor) =>
  a.gpu_count - b.gpu_count || a.vcpus - b.vcpus || a.name.localeCompare(b.name)

export function offerOf(flavors: readonly Flavor[], search: DeploySearch) {
  const models = [...new Set(flavors.map((each) => each.gpu_type))].sort(
    (a, b) => Number(a === 'CPU') - Number(b === 'CPU'),
  )
  const firstThere = flavors.find((each) => each.available)?.gpu_type
  const model = models.find((each) => each === search.model) ?? firstThere ?? models[0]
  const ofModel = flavors.filter((each) => each.gpu_type === model)
  const sizes = [...new Map(ofModel.map((each) => [each.name, each])).values()].sort(byCount)
  const size =
    sizes.find((each) => each.name === search.flavor) ??
    sizes.find((each) => ofModel.some((one) => one.name === each.name && one.available)) ??
    sizes[0]
  // As published: a region without stock of the model is not offered, unless there is none anywhere.
  const inRegions = ofModel.filter((each) => each.name === size?.name)
  const stocked = inRegions.filter((each) => each.available)
  const regions = stocked.length > 0 ? stocked : inRegions
  const flavor = regions.find((each) => each.region === search.in) ?? regions[0]
  // Said where the region is chosen: nobody should deploy elsewhere without a word.
  const insteadOf = search.in && flavor && flavor.region !== search.in ? search.in : null
  return { models, model, sizes, ofModel, regions, flavor, insteadOf, soldOut: !stocked.length }
}

export function useOffer(search: DeploySearch) {
  const list = useQuery({ ...reading('/api/flavors/'), refetchInterval: 30_000 })
  return { list, offer: list.data && offerOf(list.data.flavors, search) }
}
