/**
 * Names in the catalog by PCI device id, all of NVIDIA's. Ids as in https://pci-ids.ucw.cz of August 2026.
 * A PCI id does not tell whether cards are bridged by NVLink; such names are not given here.
 */
const NVIDIA = '10de'

const MODELS: Readonly<Record<string, string>> = {
  '1db1': 'V100-16GB', // SXM2
  '1db4': 'V100-16GB', // PCIe
  '20b2': 'A100-SXM4-80GB',
  '20b5': 'A100-PCIe-80GB',
  '2230': 'RTX-A6000',
  '2235': 'A40',
  '2330': 'H100-SXM5-80GB',
  '2331': 'H100-PCIe-80GB',
  '2335': 'H200-141GB', // SXM
  '233b': 'H200-141GB', // NVL
  '26b5': 'L40',
  '26b9': 'L40S-48GB',
  '2901': 'B200-180GB',
  '2bb1': 'RTX-PRO-6000-96GB', // workstation edition
  '2bb4': 'RTX-PRO-6000-96GB', // Max-Q
  '2bb5': 'RTX-PRO-6000-96GB', // server edition
}

/** @param vendor Four lower-case hexadecimal digits, like `device`. `null`: not in the catalog. */
export function modelOf(vendor: string, device: string): string | null {
  return vendor === NVIDIA ? (MODELS[device] ?? null) : null
}
