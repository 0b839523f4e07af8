/** `garrison flavor`. */
import { type Define, examples } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'
import { humanMoney } from '../../units.ts'

export const define: Define = (flavor, run) => {
  flavor
    .command('list')
    .description('List the flavors, and whether there is room. GPUs: "garrison stock".')
    .option('--region <name>', 'only those of this region')
    .addHelpText('after', examples('flavor list --region LOCAL-1'))
    .action(
      run(async (cloud, { region }) => {
        const { flavors } = await cloud.garrison.flavors.list({ region })
        await showList(cloud, flavors, {
          none: 'There are no flavors. GPUs: ./garrison stock',
          columns: [
            ['NAME', ({ name }) => name],
            ['REGION', (row) => row.region],
            ['VCPUS', ({ vcpus }) => vcpus, 'right'],
            ['MEMORY', ({ ram_gb }) => `${ram_gb} GB`, 'right'],
            ['DISK', ({ storage_gb }) => `${storage_gb} GB`, 'right'],
            ['PER HOUR', ({ prices }) => humanMoney(prices.USD ?? 0, 'USD'), 'right'],
            ['ROOM', ({ available }) => (available ? 'yes' : 'no')],
          ],
        })
      }),
    )
}
