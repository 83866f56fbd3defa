/**
 * What the store keeps in its database, in a schema of its own: a migration for each version, in order. They are run once
 * each, so a published one must not be changed: add another.
 *
 * - `inboxes`: one row for each client that has had mail or a login. Its lock orders all that happens to the inbox, over all
 *   gateways, until the commit: so numbers become visible in their order, and limits are exact.
 * - `chunks`: messages of one inbox that were committed together, sealed (mailbox/chunk.ts).
 * - `tags`: packets that any gateway has seen, by day.
 * - `gateways`: one row for each run of a gateway, with its last commit, and what its commits have added to the totals.
 * - `clients`: the ledger. What was removed stays for a day, so that other gateways notice.
 */
export const MIGRATIONS: readonly string[] = [
  `
create table nym_gateway.inboxes (
  inbox bytea primary key,
  last bigint not null,       -- the number of the last message
  messages bigint not null,   -- in its chunks
  bytes bigint not null,      -- of these messages
  confirmed bigint not null,  -- messages up to this number are delivered
  epoch bigint not null,      -- how many logins there were
  home bigint not null,       -- the gateway of the newest login, or 0
  former bigint not null,     -- that of the login before it, or 0
  stamp bigint not null       -- of the commit that stored the last message
) with (fillfactor = 70);

create table nym_gateway.chunks (
  inbox bytea not null,
  last bigint not null,       -- the number of its last message
  id bytea not null,          -- random: what the body is sealed for
  messages integer not null,
  bytes integer not null,
  stored timestamptz not null,
  body bytea not null,
  primary key (inbox, last)
);
alter table nym_gateway.chunks alter body set storage external;
create index chunks_by_time on nym_gateway.chunks (stored);

create table nym_gateway.tags (tag bigint not null, day date not null, primary key (tag, day)) partition by range (day);
create table nym_gateway.other_tags partition of nym_gateway.tags default;

create table nym_gateway.gateways (
  gateway bigint primary key,
  number bigint not null,      -- of its last commit
  refused integer[] not null,  -- the outcome of that: places whose messages were not stored …
  replayed bigint[] not null,  -- … and tags that were known
  messages bigint not null,
  bytes bigint not null,
  seen timestamptz not null
) with (fillfactor = 50);
insert into nym_gateway.gateways values (0, 0, '{}', '{}', 0, 0, now());  -- the figures of gateways that are gone

create table nym_gateway.clients (
  client bytea primary key,
  entry bytea not null,
  removed boolean not null,
  changed timestamptz not null
);
create index clients_by_time on nym_gateway.clients (changed);

create function nym_gateway.commit(
  p_gateway bigint, p_number bigint, p_stamp bigint, p_days integer, p_most_messages bigint, p_most_bytes bigint,
  p_inbox bytea[], p_messages integer[], p_bytes integer[], p_through bigint[], p_epoch bigint[], p_open boolean[],
  p_tag bigint[], p_tag_place integer[],
  p_place integer[], p_id bytea[], p_until integer[], p_count integer[], p_size integer[], p_body bytea[],
  out o_last bigint[], out o_epoch bigint[], out o_confirmed bigint[], out o_messages bigint[], out o_bytes bigint[],
  out o_stored boolean[], out o_replayed bigint[]
) language plpgsql as $$
declare
  v_row nym_gateway.gateways;
  v_bad integer[] := '{}';
  v_added bigint[];
  v_gone bigint[];
  v_home bigint;
  v_hint text;
begin
  -- A commit that is sent again waits here for its first copy, and then finds its number.
  select * into v_row from nym_gateway.gateways where gateway = p_gateway for update;
  if not found then
    insert into nym_gateway.gateways values (p_gateway, 0, '{}', '{}', 0, 0, now());
  elsif v_row.number >= p_number then
    o_replayed := v_row.replayed;
    select array_agg(coalesce(c.last, case when b.messages = 0 then i.last end, 0) order by b.place), array_agg(i.epoch order by b.place),
        array_agg(i.confirmed order by b.place), array_agg(i.messages order by b.place),
        array_agg(i.bytes order by b.place), array_agg(b.place <> all (v_row.refused) order by b.place)
      into o_last, o_epoch, o_confirmed, o_messages, o_bytes, o_stored
      from unnest(p_inbox, p_messages) with ordinality as b(inbox, messages, place)
      join nym_gateway.inboxes i on i.inbox = b.inbox
      left join unnest(p_place, p_id, p_until) as p(place, id, until) on p.place = b.place and p.until = b.messages
      left join nym_gateway.chunks c on c.inbox = b.inbox and c.id = p.id;
    return;
  end if;

  o_replayed := '{}';
  if cardinality(p_tag) > 0 then
    with known as (
      select t.tag, t.place from unnest(p_tag, p_tag_place) as t(tag, place)
    ), taken as (
      insert into nym_gateway.tags (tag, day)
        select k.tag, current_date from known k where not exists (
          select from nym_gateway.tags o
            where o.tag = k.tag and o.day between current_date - p_days and current_date - 1
        ) order by k.tag
        on conflict do nothing returning tag
    )
    select coalesce(array_agg(k.tag), '{}'), coalesce(array_agg(k.place), '{}') into o_replayed, v_bad
      from known k where not exists (select from taken t where t.tag = k.tag);
  end if;

  with batch as (
    select b.*, b.wanted > 0 and not b.place = any (v_bad) and b.wanted <= p_most_messages and b.size <= p_most_bytes
        as fits
      from unnest(p_inbox, p_messages, p_bytes, p_through, p_epoch, p_open) with ordinality
        as b(inbox, wanted, size, through, epoch, open, place)
  ), held as (
    insert into nym_gateway.inboxes as i
      select inbox, case when fits then wanted else 0 end, case when fits then wanted else 0 end,
          case when fits then size else 0 end, through, greatest(epoch, open::integer),
          case when open then p_gateway else 0 end, 0, case when fits then p_stamp else 0 end
        from batch order by inbox
      on conflict (inbox) do update set (last, messages, bytes, stamp) = (
          select i.last + excluded.messages * n, i.messages + excluded.messages * n, i.bytes + excluded.bytes * n,
              case when n = 1 then excluded.stamp else i.stamp end
            from (select (i.messages + excluded.messages <= p_most_messages and i.bytes + excluded.bytes <= p_most_bytes)
              ::integer as n) as fitting
        ),
        confirmed = case when i.epoch = excluded.epoch then greatest(i.confirmed, excluded.confirmed)
          else i.confirmed end,
        epoch = i.epoch + (excluded.home <> 0)::integer,
        former = case when excluded.home <> 0 then i.home else i.former end,
        home = case when excluded.home <> 0 then excluded.home else i.home end
      returning i.*
  ), done as (
    select b.place, b.wanted, b.size, b.open, h.*, b.wanted = 0 or (b.fits and h.stamp = p_stamp) as stored
      from batch b join held h on h.inbox = b.inbox
  ), written as (
    insert into nym_gateway.chunks
      select d.inbox, d.last - d.wanted + c.until, c.id, c.count, c.size, now(), c.body
        from unnest(p_place, p_id, p_until, p_count, p_size, p_body) as c(place, id, until, count, size, body)
        join done d on d.place = c.place and d.stored
  ), nudged as (
    select pg_notify('nym_gateway_' || t.home, case when count(*) > 200 then '*'
        else string_agg(left(encode(t.inbox, 'hex'), 32), ' ') end)
      from (
        select home, inbox from done where stored and wanted > 0
        union all select former, inbox from done where open
      ) as t where t.home <> 0 and t.home <> p_gateway group by t.home
  )
  select array_agg(last order by place), array_agg(epoch order by place), array_agg(confirmed order by place),
      array_agg(messages order by place), array_agg(bytes order by place), array_agg(stored order by place),
      array[coalesce(sum(wanted) filter (where stored), 0), coalesce(sum(size) filter (where stored), 0)]
    into o_last, o_epoch, o_confirmed, o_messages, o_bytes, o_stored, v_added
    from done, (select count(*) from nudged) as all_nudged;

  v_gone := array[0, 0];
  if 0 < any (p_through) then
    with gone as (
      delete from nym_gateway.chunks c
        using unnest(p_inbox, p_through, o_confirmed) as b(inbox, through, confirmed)
        where b.through > 0 and c.inbox = b.inbox and c.last <= b.confirmed
        returning c.inbox, c.messages, c.bytes
    ), sums as (
      select inbox, sum(messages) as messages, sum(bytes) as bytes from gone group by inbox
    ), less as (
      update nym_gateway.inboxes i set messages = i.messages - s.messages, bytes = i.bytes - s.bytes
        from sums s where i.inbox = s.inbox
    )
    select array[coalesce(sum(messages), 0), coalesce(sum(bytes), 0)] into v_gone from sums;
  end if;

  update nym_gateway.gateways set number = p_number, replayed = o_replayed, seen = now(),
      refused = coalesce((select array_agg(place) from unnest(o_stored) with ordinality as s(stored, place)
        where not s.stored), '{}'),
      messages = messages + v_added[1] - v_gone[1], bytes = bytes + v_added[2] - v_gone[2]
    where gateway = p_gateway;
end $$;

create function nym_gateway.expire(p_gateway bigint, p_age double precision, p_most integer) returns bigint
language plpgsql as $$
declare
  v_inbox bytea[];
  v_gone bigint[];
begin
  insert into nym_gateway.gateways values (p_gateway, 0, '{}', '{}', 0, 0, now())
    on conflict (gateway) do update set seen = now(); -- which locks it, before any inbox, as a commit does
  select array_agg(distinct o.inbox) into v_inbox from (
    select inbox from nym_gateway.chunks where stored < now() - p_age * interval '1 millisecond'
      order by stored limit p_most
  ) as o;
  -- Those that are in use, perhaps by another gateway that does the same, have time until the next call.
  select array_agg(i.inbox) into v_inbox from (
    select inbox from nym_gateway.inboxes where inbox = any (v_inbox) for update skip locked
  ) as i;
  if v_inbox is null then return 0; end if;
  with gone as (
    delete from nym_gateway.chunks
      where inbox = any (v_inbox) and stored < now() - p_age * interval '1 millisecond'
      returning inbox, messages, bytes
  ), sums as (
    select inbox, sum(messages) as messages, sum(bytes) as bytes from gone group by inbox
  ), less as (
    update nym_gateway.inboxes i set messages = i.messages - s.messages, bytes = i.bytes - s.bytes
      from sums s where i.inbox = s.inbox
  )
  select array[coalesce(sum(messages), 0), coalesce(sum(bytes), 0)] into v_gone from sums;
  update nym_gateway.gateways set messages = messages - v_gone[1], bytes = bytes - v_gone[2]
    where gateway = p_gateway;
  return v_gone[1];
end $$;

-- Whoever tends the tables has locked this row. Any role could hold an advisory lock.
insert into nym_gateway.settings values ('tending', '');

create function nym_gateway.tend(p_days integer) returns void language plpgsql as $$
declare
  v_day date;
  v_name text;
begin
  perform from nym_gateway.settings where name = 'tending' for update skip locked;
  if not found then return; end if;
  for v_day in select d::date from generate_series(current_date, current_date + 2, interval '1 day') as d loop
    v_name := 'tags_' || to_char(v_day, 'YYYYMMDD');
    if to_regclass('nym_gateway.' || v_name) is null
        and not exists (select from nym_gateway.other_tags where day = v_day) then
      execute format('create table nym_gateway.%I partition of nym_gateway.tags for values from (%L) to (%L)',
        v_name, v_day, v_day + 1);
    end if;
  end loop;
  for v_name in select c.relname from pg_inherits h join pg_class c on c.oid = h.inhrelid
      where h.inhparent = 'nym_gateway.tags'::regclass and c.relname ~ '^tags_[0-9]{8}$'
        and to_date(substr(c.relname, 6), 'YYYYMMDD') < current_date - p_days loop
    execute format('drop table nym_gateway.%I', v_name);
  end loop;
  delete from nym_gateway.other_tags where day < current_date - p_days;
  delete from nym_gateway.clients where removed and changed < now() - interval '1 day';
  with gone as (
    delete from nym_gateway.gateways where gateway <> 0 and seen < now() - interval '1 day' returning messages, bytes
  )
  update nym_gateway.gateways g set messages = g.messages + s.messages, bytes = g.bytes + s.bytes
    from (select coalesce(sum(messages), 0) as messages, coalesce(sum(bytes), 0) as bytes from gone) as s
    where g.gateway = 0;
end $$;
`,
  `
-- A transaction that has read tags, such as a backup, blocks tend(), and commits would queue behind it.
alter function nym_gateway.tend(integer) set lock_timeout = '200ms';

-- Commits a login, a confirmation, or both, of one client: without messages, it does what commit() does in a third of the
-- time.
create function nym_gateway.visit(
  p_gateway bigint, p_number bigint, p_inbox bytea, p_through bigint, p_epoch bigint, p_opens boolean,
  out o_last bigint, out o_epoch bigint, out o_confirmed bigint, out o_messages bigint, out o_bytes bigint
) language plpgsql as $$
declare
  v_inbox nym_gateway.inboxes;
  v_gone bigint[];
begin
  -- A commit that is sent again waits here for its first copy, and then finds its number.
  update nym_gateway.gateways set number = p_number, refused = '{}', replayed = '{}', seen = now()
    where gateway = p_gateway and number < p_number;
  if not found then
    insert into nym_gateway.gateways values (p_gateway, p_number, '{}', '{}', 0, 0, now()) on conflict do nothing;
    if not found then
      select last, epoch, confirmed, messages, bytes into o_last, o_epoch, o_confirmed, o_messages, o_bytes
        from nym_gateway.inboxes where inbox = p_inbox;
      return;
    end if;
  end if;

  insert into nym_gateway.inboxes as i
    values (p_inbox, 0, 0, 0, p_through, greatest(p_epoch, p_opens::integer),
        case when p_opens then p_gateway else 0 end, 0, 0)
    on conflict (inbox) do update set
      confirmed = case when i.epoch = p_epoch then greatest(i.confirmed, p_through) else i.confirmed end,
      epoch = i.epoch + p_opens::integer,
      former = case when p_opens then i.home else i.former end,
      home = case when p_opens then p_gateway else i.home end
    returning * into v_inbox;
  o_last := v_inbox.last;
  o_epoch := v_inbox.epoch;
  o_confirmed := v_inbox.confirmed;
  o_messages := v_inbox.messages;
  o_bytes := v_inbox.bytes;
  if p_opens and v_inbox.former not in (0, p_gateway) then
    perform pg_notify('nym_gateway_' || v_inbox.former, left(encode(p_inbox, 'hex'), 32));
  end if;

  if p_through = 0 then return; end if;
  with gone as (
    delete from nym_gateway.chunks where inbox = p_inbox and last <= v_inbox.confirmed returning messages, bytes
  )
  select array[sum(messages), sum(bytes)] into v_gone from gone;
  if v_gone[1] is null then return; end if;
  update nym_gateway.inboxes set messages = messages - v_gone[1], bytes = bytes - v_gone[2] where inbox = p_inbox;
  update nym_gateway.gateways set messages = messages - v_gone[1], bytes = bytes - v_gone[2] where gateway = p_gateway;
end $$;
`,
];
