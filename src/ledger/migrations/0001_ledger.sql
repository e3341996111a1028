-- The ledger: the only truth. Keys start with the connection wherever two shops could collide. Instants are
-- timestamptz in UTC, money is an integer in minor units, quantities are exact decimals.

create table installation (
  id text primary key,
  created_at timestamptz not null default now(),
  -- after a restore from backup, first attempts ask before they write until then
  find_first_until timestamptz
);

-- ── who it belongs to ───────────────────────────────────────────────────────────────────────────────────
create table entity (
  code text primary key,
  name text not null,
  currency text not null,
  zone text not null
);

create table organisation (
  code text primary key,
  entity text not null references entity,
  kind text not null check (kind in ('region', 'business-unit', 'sales-team', 'salesperson')),
  name text not null,
  parent text references organisation
);

-- ── receive: untouched records ──────────────────────────────────────────────────────────────────────────
-- The unique key lives in a table of its own, so that inbox can be trimmed (or partitioned) without
-- forgetting what was already received.
create table inbox_key (
  connection text not null,
  key text not null,
  -- of the newest record under this key, for polled records; '' for deliveries
  hash text not null,
  inbox_id bigint not null,
  primary key (connection, key)
);

create sequence inbox_id;
create sequence inbox_block_id;

-- The bytes of the records of one commit, compressed together (block.ts).
create table inbox_block (
  id bigint primary key,
  -- inbox ids of its records lie in this range, among those of other blocks
  first bigint not null,
  last bigint not null,
  body bytea not null,
  received_at timestamptz not null default now()
);
alter table inbox_block alter column body set storage external;
create index inbox_block_received on inbox_block (received_at);

create table inbox (
  id bigint primary key,
  connection text not null,
  stream text not null,
  shape text not null,
  external_id text,
  origin text not null check (origin in ('webhook', 'poll', 'fetch', 'file', 'replay')),
  content_type text not null,
  -- where its bytes are: in this block, from this byte on, this many; no block: a hint, or trimmed
  block bigint,
  start int,
  size int,
  -- new: to be normalized; hint: to be fetched by external_id
  state text not null check (state in ('new', 'hint', 'done', 'parked', 'discarded')),
  attempts int not null default 0,
  claimed_until timestamptz,
  received_at timestamptz not null default now(),
  done_at timestamptz
) with (fillfactor = 80);
alter sequence inbox_id owned by inbox.id;
alter sequence inbox_block_id owned by inbox_block.id;
create index inbox_new on inbox (id) where state = 'new';
create index inbox_hint on inbox (connection, id) where state = 'hint';
create index inbox_record on inbox (connection, external_id) where external_id is not null;

-- ── normalize: documents ────────────────────────────────────────────────────────────────────────────────
-- One row per thing, pointing at its newest version; the versions themselves are immutable.
create table document (
  id bigint generated always as identity primary key,
  connection text not null,
  kind text not null,
  external_id text not null,
  entity text not null,
  number text,
  version text collate "C" not null,
  hash text not null,
  seq int not null default 1,
  phone_tail text,
  terms text[],
  -- due: to be planned; waiting: planned again when its push is final; done: nothing to do
  plan_state text not null default 'due' check (plan_state in ('due', 'waiting', 'done', 'parked')),
  plan_after timestamptz not null default now(),
  attempts int not null default 0,
  claimed_until timestamptz,
  -- when to read it again, for sources whose clock stands still; null when it is final
  refresh_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (connection, kind, external_id)
) with (fillfactor = 80);
create index document_due on document (id) where plan_state = 'due';
create index document_refresh on document (connection, refresh_at) where refresh_at is not null;
create index document_waiting on document (id) where plan_state = 'waiting';
create index document_number on document (number);
-- people know the last digits, so the digits are indexed from behind
create index document_phone on document (reverse(phone_tail) collate "C") where phone_tail is not null;
create index document_terms on document using gin (terms) where terms is not null;

create table document_version (
  document_id bigint not null,
  seq int not null,
  version text not null,
  hash text not null,
  content jsonb not null,
  mapping text not null,
  inbox_id bigint not null,
  created_at timestamptz not null default now(),
  primary key (document_id, seq)
);

create view source_order as
  select d.connection, d.external_id, d.number, d.entity, v.*
    from document d join document_version v on v.document_id = d.id
   where d.kind = 'order';

-- ── plan: work orders and their lineage, N:M by line ────────────────────────────────────────────────────
create table work_order (
  id bigint generated always as identity primary key,
  flow text not null,
  entity text not null,
  sales_kind text not null default 'online',
  organisation text,
  -- what it was made from, for the unique rule below: the lead source order
  document_id bigint not null,
  state text not null default 'open' check (state in ('open', 'cancelled', 'closed')),
  content_hash text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (flow, document_id)
);
create index work_order_document on work_order (document_id);

create table work_line (
  work_order_id bigint not null,
  document_id bigint not null,
  line text not null,
  quantity numeric not null,
  currency text not null,
  goods bigint not null,
  discount bigint not null,
  tax bigint not null,
  primary key (work_order_id, document_id, line)
);

-- ── deliver: pushes ─────────────────────────────────────────────────────────────────────────────────────
create table push (
  id bigint generated always as identity primary key,
  key text not null unique,
  connection text not null,
  kind text not null,
  flow text not null,
  mode text not null check (mode in ('live', 'shadow')),
  -- what it is about: pushes of one subject never run at the same time
  subject text not null,
  revision int not null,
  state text not null default 'planned' check (state in
    ('planned', 'sending', 'unknown', 'accepted', 'confirmed', 'rejected', 'withdrawn', 'parked', 'shadowed')),
  -- writes tried, and a fencing token: it moves with every lease, and only its holder may settle
  attempt int not null default 0,
  fence int not null default 0,
  -- an earlier attempt may have been written
  uncertain boolean not null default false,
  -- it was written more than once, so a find must run once more before the last step
  rewritten boolean not null default false,
  due_at timestamptz not null default now(),
  lease_until timestamptz,
  -- when this series of attempts began: the first one, or a person's retry
  tried_since timestamptz not null default now(),
  document_id bigint not null,
  document_seq int not null,
  -- where the journal tells its story
  order_connection text not null,
  order_id text not null,
  order_number text,
  -- null: the content of the document's version as it is
  content jsonb,
  content_hash text not null,
  -- exact bytes, frozen at the first attempt
  body bytea,
  content_type text,
  mapping text,
  "check" jsonb,
  -- the remote's document that this push changes (a corrected tracking number), or made
  previous jsonb,
  remote_id text,
  remote_number text,
  code text,
  message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (connection, kind, subject, revision)
) with (fillfactor = 70);
create unique index push_in_flight on push (connection, kind, subject) where state in ('sending', 'unknown', 'accepted');
create index push_due on push (connection, due_at) where state in ('planned', 'sending', 'unknown', 'accepted');
create index push_document on push (document_id);
create index push_order on push (order_connection, order_id);
create index push_number on push (remote_number) where remote_number is not null;
-- what needs attention; an ordinary push never enters it
create index push_attention on push (state, document_id) where state in ('unknown', 'accepted', 'rejected', 'parked');

-- a push may stand for many work orders (summary posting), and a work order for many pushes
create table push_work_order (
  push_id bigint not null,
  work_order_id bigint not null,
  primary key (push_id, work_order_id)
);
create index push_work_order_by_order on push_work_order (work_order_id);

create table binding (
  connection text not null,
  kind text not null,
  key text not null,
  subject text not null,
  push_id bigint not null,
  remote_id text,
  remote_number text,
  bound_at timestamptz not null default now(),
  primary key (connection, kind, key)
);
create unique index binding_remote on binding (connection, kind, remote_id) where remote_id is not null;
create index binding_number on binding (remote_number) where remote_number is not null;

-- ── what a person must look at ──────────────────────────────────────────────────────────────────────────
create table parked (
  id bigint generated always as identity primary key,
  what text not null check (what in ('record', 'document', 'push')),
  ref bigint not null,
  connection text not null,
  order_id text,
  order_number text,
  code text not null,
  detail jsonb not null,
  at timestamptz not null default now(),
  resolved_at timestamptz,
  resolution text
);
create unique index parked_open on parked (what, ref) where resolved_at is null;
create index parked_waiting on parked (id) where resolved_at is null;
create index parked_order on parked (connection, order_id);

create table task (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('amend-needed', 'cancel-needed', 'shipment-unmatched')),
  document_id bigint not null,
  push_id bigint,
  connection text not null,
  order_id text not null,
  order_number text,
  detail jsonb not null,
  opened_at timestamptz not null default now(),
  closed_at timestamptz
);
create unique index task_open on task (kind, document_id) where closed_at is null;
create index task_document on task (document_id);

-- ── the story of each order ─────────────────────────────────────────────────────────────────────────────
create table journal (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  connection text not null,
  subject text not null,
  event text not null,
  data jsonb
);
create index journal_subject on journal (connection, subject, id);

-- ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────
-- A cursor belongs to (connection, stream), never to a version of the configuration.
create table stream (
  connection text not null,
  stream text not null,
  watermark timestamptz,
  window_until timestamptz,
  resume jsonb,
  lease_until timestamptz,
  polled_at timestamptz,
  records bigint not null default 0,
  error text,
  primary key (connection, stream)
);

create table schedule_tick (
  schedule text not null,
  tick timestamptz not null,
  lease_until timestamptz not null,
  finished_at timestamptz,
  primary key (schedule, tick)
);

create table pause (
  connection text not null default '',
  flow text not null default '',
  kind text not null default '',
  why text not null,
  who text not null,
  since timestamptz not null default now(),
  -- Tributary stopped it by itself (wrong credentials)
  automatic boolean not null default false,
  primary key (connection, flow, kind)
);

create table mapping_source (
  version text primary key,
  id text not null,
  source text not null,
  seen_at timestamptz not null default now()
);

create table api_token (
  id bigint generated always as identity primary key,
  name text not null,
  hash text not null unique,
  scopes text[] not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

-- ── large values ────────────────────────────────────────────────────────────────────────────────────────
-- lz4 costs a fraction of the default's processor time; servers and builds without it keep the default.
do $$
begin
  alter table document_version alter column content set compression lz4;
  alter table push alter column content set compression lz4;
  alter table push alter column body set compression lz4;
exception when feature_not_supported or invalid_parameter_value then
  raise notice 'no lz4 here';
end
$$;
