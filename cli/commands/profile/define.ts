/** `garrison profile`: whose account it is, for receipts and prices. */
import { type Define, examples } from '../../cloud/noun.ts'
import { showThing } from '../../cloud/show.ts'

type Given = Readonly<Record<string, string | undefined>>

export const define: Define = (profile, run) => {
  profile
    .command('show')
    .description('Show the profile of your account, and what it lacks.')
    .addHelpText('after', examples('profile show'))
    .action(
      run(async (cloud) => showThing(cloud, (await cloud.garrison.account.getProfile()).profile)),
    )
  profile
    .command('set')
    .description('Change the profile. What is left out stays; "" empties what may be empty.')
    .option('--name <name>', 'of the person or the company')
    .option('--address-line <words>', 'street and number')
    .option('--postal-code <code>', 'as it is written there')
    .option('--city <city>', 'may be empty')
    .option('--state <state>', 'or province; may be empty')
    .option('--country <country>', 'two letters, or its English name; decides the currency')
    .option('--phone <number>', 'may be empty')
    .option('--tax-id <number>', 'GSTIN or VAT number, for receipts; may be empty')
    .addHelpText(
      'after',
      examples('profile set --address-line "Hauptstraße 1" --postal-code 10115 --country DE'),
    )
    .action(
      run(async (cloud, given: Given) => {
        const { account } = cloud.garrison
        const { profile: before } = await account.getProfile()
        const asked = (name: string) => given[name]
        const maybe = (name: string, now: string | null) => {
          const value = asked(name) ?? now
          return value === '' ? null : value
        }
        const { profile: after, message } = await account.updateProfile({
          name: asked('name') ?? before.name,
          address_line: asked('addressLine') ?? before.address_line ?? '',
          postal_code: asked('postalCode') ?? before.postal_code ?? '',
          city: maybe('city', before.city),
          state: maybe('state', before.state),
          phone: maybe('phone', before.phone),
          tax_id: maybe('taxId', before.tax_id),
          country: asked('country') ?? before.country ?? undefined,
        })
        if (cloud.json) return cloud.terminal.printJson(after)
        cloud.terminal.print(`${message}.`)
        if (!after.complete) {
          cloud.terminal.note(`It still lacks: ${after.missing.join(', ').replaceAll('_', ' ')}.`)
        }
      }),
    )
}
