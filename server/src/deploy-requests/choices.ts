/** The ways in which a deployment may be carried out: the one that is asked for, then its alternatives. */
import type { DeployAlternative } from '@garrison/contract/instances/choices'
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import type { Need } from '../catalog/capacity.ts'
import type { Catalog } from '../catalog/catalog.ts'

export type Choice = Omit<DeployAlternative, 'region'> & { readonly region: string }

/** First choice first. */
export function choicesOf(input: DeploymentRequest): Choice[] {
  const { region, flavor, gpu_model, gpu_count, alternatives = [] } = input
  return [{ region, flavor, gpu_model, gpu_count }, ...alternatives].map((choice) => ({
    ...choice,
    region: choice.region ?? region,
  }))
}

/** The same deployment by one of its choices: one that neither waits nor has alternatives. */
export function requestFor(input: DeploymentRequest, choice: Choice): DeploymentRequest {
  const { alternatives: _, wait_until: __, tier, ...rest } = input
  return {
    ...rest,
    region: choice.region,
    flavor: choice.flavor,
    gpu_model: choice.gpu_model,
    gpu_count: choice.gpu_count,
    // A statement about the region that was asked for first.
    ...(choice.region === input.region && tier !== undefined && { tier }),
  }
}

export function needOf(catalog: Catalog, choice: DeploymentRequest): Need {
  const { vcpus, memoryMib, diskGb, gpu } = catalog.resolveFlavor(
    catalog.region(choice.region),
    choice,
  )
  const own = choice.os_volume_size_gb ?? diskGb
  // A volume has its room already.
  return { vcpus, memoryMib, diskGb: choice.boot_source === 'volume' ? 0 : own, gpu }
}

/** Whoever wants room of the same pool waits in one line: GPUs of a model in a region, or no GPU there. */
export function poolOf(catalog: Catalog, choice: DeploymentRequest): string {
  return `${choice.region}/${needOf(catalog, choice).gpu?.model ?? 'CPU'}`
}
