/**
 * The countries of ISO 3166-1 by their two letters (and XK, which people in Kosovo use), and which
 * currency goes with each: rupees in India, euros in Europe as the UN draws it with Cyprus, dollars
 * everywhere else.
 */
import type { Currency } from '../common.ts'

const european =
  'AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK'.split(
    ' ',
  )

const others =
  'AE AF AG AI AM AO AQ AR AS AU AW AZ BB BD BF BH BI BJ BL BM BN BO BQ BR BS BT BV BW BZ CA CC CD CF CG CI CK CL CM CN CO CR CU CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM GA GD GE GF GH GL GM GN GP GQ GS GT GU GW GY HK HM HN HT ID IL IN IO IQ IR JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LK LR LS LY MA MF MG MH ML MM MN MO MP MQ MR MS MU MV MW MX MY MZ NA NC NE NF NG NI NP NR NU NZ OM PA PE PF PG PH PK PM PN PR PS PW PY QA RE RW SA SB SC SD SG SH SL SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UG UM US UY UZ VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'.split(
    ' ',
  )

export const countries: readonly string[] = [...european, ...others].sort()

export const currencyOfCountry = (code: string): Currency =>
  code === 'IN' ? 'INR' : european.includes(code) ? 'EUR' : 'USD'

const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
const codeOfName = new Map(
  countries.map((code) => [(names.of(code) ?? code).toLowerCase(), code] as const),
)

/** In English; null where there is no such country. */
export const countryName = (code: string): string | null =>
  countries.includes(code) ? (names.of(code) ?? null) : null

/** The code of a country that is given by its code or its English name, whatever the case. */
export function findCountry(given: string): string | null {
  const code = given.trim().toUpperCase()
  return countries.includes(code) ? code : (codeOfName.get(given.trim().toLowerCase()) ?? null)
}
