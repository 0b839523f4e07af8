/** What engines and the server speak of: orders, capabilities, machines and what comes of changing them. */

/** The right to change one thing: who asks, and how recent the lease is. Fences only grow. */
export type Order = {
  /** UUID of the operation, for the engine's log. */
  readonly operation: string
  /** Taken anew from one database sequence each time an operation is leased. */
  readonly fence: number
  /** Aborts when the operation is cancelled or its lease is lost; a long wait must end promptly. */
  readonly signal?: AbortSignal
}

/** What an engine can do. The service refuses early, with a reason, what is missing here. */
export type Capabilities = {
  /** Snapshots of a machine's disk. */
  readonly snapshot: boolean
  /** Snapshots that hold memory too, so that a restore continues where it was. */
  readonly memorySnapshot: boolean
  readonly hibernate: boolean
  /** A stopped machine's disk can go back to a snapshot of it. */
  readonly rollback: boolean
  /** Snapshots can be made a file, and be made of one. */
  readonly snapshotTransfer: boolean
  /** Volumes may come and go while a machine runs. */
  readonly hotplug: boolean
  /** The same while it is stopped. */
  readonly coldplug: boolean
  /** Firewall rules can be enforced at all; `atomicFirewall`: a whole set in one step. */
  readonly firewall: boolean
  readonly atomicFirewall: boolean
  /** Machines have IPv6, and rules about it can be enforced. */
  readonly firewallIpv6: boolean
  /** Machines may have a public address. */
  readonly publicAddress: boolean
  /** It may come and go. Without this, where there are public addresses every machine has one. */
  readonly publicAddressToggle: boolean
  readonly console: boolean
  readonly display: boolean
  readonly gpu: boolean
  readonly volumes: boolean
  readonly volumeResize: boolean
  readonly volumeClone: boolean
  /** Volumes may be made of OS images, and machines boot from them. */
  readonly volumeBoot: boolean
  /** A machine's own disk may have another size than its flavor says. */
  readonly diskSize: boolean
  readonly exec: boolean
  /** A machine may be given a cloud-init text, or a startup script, for its first boot. */
  readonly cloudInit: boolean
  readonly startupScripts: boolean
  readonly metrics: boolean
  /** Nothing here is real; every answer that shows it says so. */
  readonly simulated: boolean
  /** What an operator must know, e.g. that there is no hardware acceleration. Sentences. */
  readonly notices: readonly string[]
}

/** One place machines run on. Capacity is what the host has, not what is left: the server subtracts. */
export type Host = {
  readonly name: string
  /** Physical threads; the server applies its overcommit ratio. */
  readonly vcpus: number
  /** MiB that machines may use in all; what the host needs for itself is already taken off. */
  readonly memoryMib: number
  /** GB (10^9 bytes) of the store in all, and really free right now. */
  readonly diskGb: number
  readonly diskFreeGb: number
  readonly gpus: readonly HostGpus[]
}

export type HostGpus = {
  /** Name in the catalog, such as `RTX-A6000`. */
  readonly model: string
  readonly count: number
}

export type Inventory = {
  readonly hosts: readonly Host[]
  /** How many public addresses there are in all, whoever has them. */
  readonly publicAddresses: number
}

/** Where a disk's first content comes from; the engine decides how to materialise it. */
export type DiskSource =
  /** An OS image by the name of its recipe, e.g. `garrison-small`. */
  | { readonly kind: 'os-image'; readonly name: string }
  | { readonly kind: 'image'; readonly id: string }
  | { readonly kind: 'snapshot'; readonly id: string }
  | { readonly kind: 'volume'; readonly id: string }

/** An address of a machine in its tenant's network, known before the machine boots. */
export type Address = {
  readonly ip: string
  /** Bits of the network, e.g. 24. */
  readonly prefix: number
  readonly gateway: string
  readonly mac: string
  /** Where the host reaches the machine's port 22: `ip` and 22, or a forwarded port on 127.0.0.1. */
  readonly ssh: { readonly host: string; readonly port: number }
}

export type FirewallRule = {
  readonly direction: 'ingress' | 'egress'
  readonly ethertype: 'IPv4' | 'IPv6'
  readonly protocol: string
  /** 1..65535, both or neither. */
  readonly portMin: number | null
  readonly portMax: number | null
  readonly cidr: string
}

export type MachineSpec = {
  readonly id: string
  /** UUID of the account: machines of one tenant share a network and nothing with others. */
  readonly tenant: string
  /** Host of {@link Inventory} that the server placed it on. */
  readonly host: string
  readonly vcpus: number
  readonly memoryMib: number
  /** GB (10^9 bytes). At least the source's size; the guest grows its root to it. */
  readonly diskGb: number
  readonly gpus: { readonly model: string; readonly count: number } | null
  readonly source: DiskSource
  readonly address: Address
  /** The whole rule set; `null`: nothing filtered, beyond what always separates tenants. */
  readonly rules: readonly FirewallRule[] | null
  /** Data volumes that it starts with, exactly. What it boots from is its {@link DiskSource}. */
  readonly volumes: readonly AttachedVolume[]
  readonly guest: GuestIdentity
}

/** A volume as one machine has it. */
export type AttachedVolume = {
  readonly id: string
  /** What the guest reads as the disk's serial number, 1..20 of `[A-Za-z0-9-]`: it finds the disk by it. */
  readonly serial: string
}

export type VolumeSpec = {
  readonly id: string
  readonly tenant: string
  /** GB (10^9 bytes). At least the source's size. */
  readonly sizeGb: number
  /** `null`: empty. Of an OS image: machines can boot from it. Of a volume: a copy, also while that is in use. */
  readonly source: Extract<DiskSource, { kind: 'os-image' | 'volume' }> | null
}

/** What the guest learns about itself at boot. A new `instanceId` makes new host keys and machine id. */
export type GuestIdentity = {
  readonly instanceId: string
  readonly hostname: string
  /** OpenSSH lines, added to those on the disk. */
  readonly authorizedKeys: readonly string[]
  /** Runs once for each `instanceId`. What a disk's former machine was given does not run again. */
  readonly userData: string | null
}

export type MachineStatus =
  /** Its virtual CPUs run. */
  | 'running'
  /** Its disk is there and nothing runs; {@link MachineState.reason} says why. */
  | 'stopped'
  /** Nothing runs, and it goes on where it was, or boots where only its disk could be kept. */
  | 'hibernated'
  /** The engine has never heard of it, or it is gone. */
  | 'absent'
  /** The engine cannot tell right now. Never to be read as dead. */
  | 'unknown'

export type MachineState = {
  readonly id: string
  readonly status: MachineStatus
  /** Why it is stopped: asked for, the guest powered itself off, or its process died. */
  readonly reason?: 'requested' | 'guest' | 'died'
  /** Words for a person, where there is something to say (how it died, why unknown, why its guest is not up). */
  readonly detail?: string
  /** The guest reported itself up since its last start. */
  readonly guestUp: boolean
}

export type StopResult = {
  /** The guest ignored the request to shut down and was cut off after `graceMs`. */
  readonly forced: boolean
}

export type HibernationResult = {
  /** Whether memory was kept; otherwise the guest was shut down and boots when it is made to run again. */
  readonly memory: boolean
}

export type RunOptions = {
  /** Of a hibernated machine: boots from its disk and forgets the memory that was kept. */
  readonly coldBoot?: boolean
}

export type SnapshotResult = {
  /** `filesystem`: the guest agent froze its file systems; `crash`: as if the power had been cut. */
  readonly consistency: 'filesystem' | 'crash'
  readonly memory: boolean
  /** Bytes that the snapshot holds above the OS image. */
  readonly sizeBytes: number
  /** GB (10^9 bytes) of the disk that it is a snapshot of. */
  readonly diskGb: number
}

/** A snapshot as one file. */
export type ExportResult = {
  /** `simulated`: text that says so. Only an engine of the same kind takes it in. */
  readonly format: 'qcow2' | 'simulated'
  readonly sizeBytes: number
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string
  /** Of the disk that is in it. */
  readonly virtualSizeBytes: number
  readonly diskGb: number
  /** Names the kernel that the disk needs; see {@link Engine.bootable}. */
  readonly recipe: string
}

/** What is known about a file before anybody has looked into it; all of it has to be found true. */
export type ImportSpec = Omit<ExportResult, 'format'> & {
  /** UUID of the account. */
  readonly tenant: string
  /** The OS image that it was once made from; `null` when nobody knows. */
  readonly osImage: string | null
  readonly consistency: SnapshotResult['consistency']
}

export type ImageResult = { readonly sizeBytes: number; readonly minDiskGb: number }

/** What a machine's user-data has done, or is doing. */
export type StartupLog = {
  readonly status: 'running' | 'succeeded' | 'failed'
  /** 0..255; `null` while it runs and where the guest does not tell. */
  readonly exitCode: number | null
  /** What it printed, the last 64 KiB, without NUL. */
  readonly log: string
  /** By the guest's clock, where it tells. */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** Everything that an engine keeps for someone, for reconciliation with the database. */
export type Holdings = {
  readonly machines: readonly MachineState[]
  /** Machines that an address is reserved for, whether or not they exist. */
  readonly addresses: readonly string[]
  /** Machines that have a public address. */
  readonly publicAddresses: readonly string[]
  readonly snapshots: readonly string[]
  readonly images: readonly string[]
  readonly volumes: readonly string[]
  readonly exports: readonly string[]
  /** Snapshots whose file is on its way in. */
  readonly uploads: readonly string[]
}

/**
 * What a machine has used since its counters began; they only grow until they begin anew.
 * `null`: nobody can tell.
 */
export type MachineCounters = {
  /** Another one says that the counters have begun anew, e.g. with another process. */
  readonly epoch: string
  /** Seconds that its virtual CPUs ran, summed over them. */
  readonly cpuSeconds: number
  /** Bytes of memory that the guest says it cannot do without, and that it has; right now. */
  readonly memoryUsedBytes: number | null
  readonly memoryTotalBytes: number | null
  /** Of all its disks. */
  readonly diskReadBytes: number
  readonly diskWriteBytes: number
  readonly diskReadOps: number
  readonly diskWriteOps: number
  /** As the machine sees it: what it received and sent. */
  readonly networkReceivedBytes: number | null
  readonly networkSentBytes: number | null
  /** Percent that its GPUs are busy, on average over them, and bytes of their memory; right now. */
  readonly gpuPercent: number | null
  readonly gpuMemoryUsedBytes: number | null
}

/** Something changed without being asked for. Only a hint to look: observe before acting. */
export type EngineEvent = {
  readonly kind: 'machine-changed' | 'guest-up'
  readonly machine: string
}
