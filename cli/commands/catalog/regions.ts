/** `garrison region`. */
import { type Define, examples } from '../../cloud/noun.ts'
import { showList } from '../../cloud/show.ts'

export const define: Define = (region, run) => {
  region
    .command('list')
    .description('List the regions.')
    .addHelpText('after', examples('region list'))
    .action(
      run(async (cloud) => {
        const { regions } = await cloud.garrison.regions.list()
        await showList(cloud, regions, {
          none: 'There are no regions.',
          columns: [
            ['NAME', ({ name }) => name],
            ['WHERE', ({ display_name, country }) => country || display_name],
            ['STATUS', ({ is_active }) => (is_active ? 'active' : 'none')],
            ['GPUS', ({ available_gpus }) => available_gpus.join(', ')],
          ],
        })
      }),
    )
}
