/** `garrison stock`: how many machines with GPUs there is room for. */
import type { Cloud } from '../../cloud/cloud.ts'
import { showList } from '../../cloud/show.ts'

export type StockOptions = { readonly region?: string; readonly gpu?: string }

export async function stock(cloud: Cloud, { region, gpu }: StockOptions) {
  const { stocks } = await cloud.garrison.stock.list({ region, gpu_model: gpu })
  await showList(cloud, stocks, {
    none: 'No region has GPUs. Others: ./garrison flavor list',
    columns: [
      ['GPU', ({ gpu_model }) => gpu_model],
      ['REGION', (row) => row.region],
      ['GPUS FREE', ({ total_available }) => total_available, 'right'],
      ['MACHINES', ({ configurations }) => machinesOf(configurations)],
    ],
  })
}

type Configuration = { readonly gpu_count: number; readonly available: number }

/** Such as `12 × 1, 6 × 2`: so many machines with so many GPUs. */
function machinesOf(configurations: readonly Configuration[]) {
  const some = configurations.filter(({ available }) => available > 0)
  return (
    some.map(({ gpu_count, available }) => `${available} × ${gpu_count}`).join(', ') || 'sold out'
  )
}
