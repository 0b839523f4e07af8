import { type Kysely, sql } from 'kysely'

/**
 * Firewalls, the machines that they are attached to, and rules: of a firewall, or of one machine.
 *
 * `instances.rules_revision` grows with every change of what a machine's rules are, so that whoever has
 * brought rules to a machine knows whether they are still the ones that are wanted.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table instances add column rules_revision bigint not null default 0;

    create table firewalls (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      description text,
      status text not null,
      region text not null,
      tier text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index firewalls_name on firewalls (account_id, lower(name));
    create index firewalls_page on firewalls (account_id, created_at desc, id desc);
    create trigger count_firewalls after insert or delete on firewalls
      for each row execute function count_alive();

    create table firewall_attachments (
      id text primary key,
      account_id uuid not null references accounts,
      firewall_id uuid not null references firewalls,
      instance_id uuid not null references instances,
      status text not null,
      created_at timestamptz not null,
      unique (firewall_id, instance_id)
    );
    create index firewall_attachments_instance on firewall_attachments (instance_id);

    create table security_rules (
      id text primary key,
      account_id uuid not null references accounts,
      firewall_id uuid references firewalls on delete cascade,
      instance_id uuid references instances on delete cascade,
      direction text not null,
      ethertype text not null,
      protocol text not null,
      port_min int,
      port_max int,
      cidr text not null,
      status text not null,
      created_at timestamptz not null,
      check (num_nonnulls(firewall_id, instance_id) = 1),
      unique nulls not distinct
        (firewall_id, instance_id, direction, ethertype, protocol, port_min, port_max, cidr)
    );
    create index security_rules_instance on security_rules (instance_id)
      where instance_id is not null;
  `.execute(db)
}
