import { type Kysely, sql } from 'kysely'

/**
 * Events that can be followed.
 *
 * Ids of events are given out when they are written, and transactions commit in another order. So the
 * world knows an event by its `position`, which is given after the commit, by one at a time (whoever holds
 * the row of `event_positions`): whoever has seen a position never misses one before it.
 *
 * Changes of states are told by triggers, as what is used is metered: no path through the code forgets it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table events add column position bigint unique;
    update events set position = n from (
      select id, row_number() over (order by id) as n from events
    ) numbered where numbered.id = events.id;
    create index events_unplaced on events (id) where position is null;
    drop index events_account;
    create index events_account on events (account_id, position);
    create index events_age on events (created_at);

    create table event_positions (
      only_one boolean primary key default true check (only_one),
      -- The last that was given.
      given bigint not null,
      -- All up to here are forgotten.
      forgotten bigint not null default 0
    );
    insert into event_positions (given) select coalesce(max(position), 0) from events;

    create function say_event() returns trigger language plpgsql as $$
    begin
      perform pg_notify('event', '');
      return null;
    end $$;
    create trigger say_event after insert on events
      for each statement execute function say_event();
  `.execute(db)

  await sql`
    -- How the world knows what a row refers to.
    create function public_id_of(kind text, id uuid) returns text language sql stable as $$
      select case kind
        when 'instance' then (select public_id from instances i where i.id = $2)
        when 'snapshot' then (select public_id from snapshots s where s.id = $2)
        when 'firewall' then (select public_id from firewalls f where f.id = $2)
      end;
    $$;

    -- Of a row of jsonb: a column, or the public id of what a column refers to ('column@kind').
    create function field_of(fields jsonb, name text) returns jsonb language sql stable as $$
      select case when position('@' in name) = 0 then fields -> name
        else to_jsonb(public_id_of(split_part(name, '@', 2), (fields ->> split_part(name, '@', 1))::uuid))
      end;
    $$;

    create function state_in(fields jsonb, name text) returns text language sql immutable as $$
      select case when fields ->> 'deleted_at' is not null then 'deleted' else fields ->> name end;
    $$;

    /*
     * Tells of a new state: the event "subject.state". Arguments: the subject, the column of its state, the
     * column of the time of a change (empty: now), the field with the id that the world knows; then what
     * goes into the data, as name=field. A row that is gone, or marked so, is told as deleted.
     */
    create function tell_of_state() returns trigger language plpgsql as $$
    declare
      fields jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
      state text := case when tg_op = 'DELETE' then 'deleted' else state_in(fields, tg_argv[1]) end;
      was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
      former text := state_in(was, tg_argv[1]);
      kind text;
      data jsonb;
    begin
      if lower(state) = lower(former) then
        -- Only operations have steps.
        if fields ->> 'step' is not distinct from was ->> 'step' then return null; end if;
        kind := tg_argv[0] || '.progress';
      else
        kind := tg_argv[0] || '.' || replace(lower(state), '_', '-');
      end if;
      data := jsonb_build_object('status', state, 'previous', nullif(former, state));
      for i in 4 .. tg_nargs - 1 loop
        data := data || jsonb_build_object(
          split_part(tg_argv[i], '=', 1), field_of(fields, split_part(tg_argv[i], '=', 2)));
      end loop;
      insert into events (account_id, kind, subject_kind, subject_id, data, created_at) values (
        (fields ->> 'account_id')::uuid, kind, tg_argv[0],
        coalesce(field_of(fields, tg_argv[3]) #>> '{}', ''), jsonb_strip_nulls(data),
        case when tg_argv[2] = '' or tg_op = 'DELETE' then now()
          else (fields ->> tg_argv[2])::timestamptz end
      );
      return null;
    end $$;

    create trigger tell_of_state after insert or delete or update of status, deleted_at on instances
      for each row execute function tell_of_state('instance', 'status', 'updated_at', 'public_id',
        'name=name', 'region=region', 'reason=error');
    create trigger tell_of_state after insert or delete or update of status, deleted_at on snapshots
      for each row execute function tell_of_state('snapshot', 'status', 'updated_at', 'public_id',
        'name=name', 'region=region', 'instance=instance_public_id', 'reason=error');
    create trigger tell_of_state after insert or delete or update of status, deleted_at on images
      for each row execute function tell_of_state('image', 'status', 'updated_at', 'public_id',
        'name=name', 'snapshot=snapshot_public_id', 'reason=error');
    create trigger tell_of_state after insert or delete or update of status, deleted_at on volumes
      for each row execute function tell_of_state('volume', 'status', 'updated_at', 'public_id',
        'name=name', 'region=region', 'instance=instance_id@instance', 'reason=error');
    create trigger tell_of_state after insert or delete or update of status on firewalls
      for each row execute function tell_of_state('firewall', 'status', 'updated_at', 'public_id',
        'name=name', 'region=region');
    create trigger tell_of_state after insert or delete or update of status on firewall_attachments
      for each row execute function tell_of_state('firewall-attachment', 'status', '', 'id',
        'firewall=firewall_id@firewall', 'instance=instance_id@instance');
    create trigger tell_of_state after insert or delete or update of status on security_rules
      for each row execute function tell_of_state('security-rule', 'status', '', 'id',
        'firewall=firewall_id@firewall', 'instance=instance_id@instance');
    create trigger tell_of_state after insert or update of state on deploy_requests
      for each row execute function tell_of_state('deploy-request', 'state', 'updated_at', 'public_id',
        'name=vm_name', 'instance=instance_public_id', 'reason=reason');
    create trigger tell_of_state after insert or update of state, step on operations
      for each row execute function tell_of_state('operation', 'state', '', 'id',
        'operation=kind', 'subject=subject_public_id', 'step=step', 'note=note', 'reason=error');
    create trigger tell_of_state after insert or delete or update of status on snapshot_exports
      for each row execute function tell_of_state('snapshot-export', 'status', 'updated_at',
        'snapshot_id@snapshot', 'reason=error');
    create trigger tell_of_state after insert or delete or update of status on snapshot_imports
      for each row execute function tell_of_state('snapshot-import', 'status', 'updated_at',
        'snapshot_id@snapshot');
    create trigger tell_of_state after insert or update of status on startup_logs
      for each row execute function tell_of_state('startup-log', 'status', '',
        'instance_id@instance', 'exit_code=exit_code');

    create function tell_of_key() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and (old.revoked_at is not null or new.revoked_at is null) then
        return null;
      end if;
      insert into events (account_id, kind, subject_kind, subject_id, data, created_at) values (
        new.account_id, case when tg_op = 'INSERT' then 'api-key.created' else 'api-key.revoked' end,
        'api-key', new.id, jsonb_build_object('name', new.name), coalesce(new.revoked_at, new.created_at)
      );
      return null;
    end $$;
    create trigger tell_of_key after insert or update of revoked_at on api_keys
      for each row execute function tell_of_key();

    create function tell_of_person() returns trigger language plpgsql as $$
    declare
      what text;
      at timestamptz;
    begin
      if new.removed_at is not null then
        what := 'removed'; at := new.removed_at;
        if tg_op = 'UPDATE' and old.removed_at is not null then return null; end if;
      elsif new.joined_at is not null and (tg_op = 'INSERT' or old.joined_at is null) then
        what := 'joined'; at := new.joined_at;
      elsif tg_op = 'INSERT' then
        what := 'invited'; at := new.invited_at;
      elsif new.role <> old.role then
        what := 'role-changed'; at := now();
      else
        return null;
      end if;
      insert into events (account_id, kind, subject_kind, subject_id, data, created_at) values (
        new.account_id, 'person.' || what, 'person', new.id,
        jsonb_strip_nulls(jsonb_build_object('email', new.email, 'role', new.role)), at
      );
      return null;
    end $$;
    create trigger tell_of_person after insert or update on people
      for each row execute function tell_of_person();
  `.execute(db)
}
