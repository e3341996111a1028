-- Configurations that were activated, who did it and when, and the processes that run by them. No secret is in
-- them: what tributary.yaml states openly is left out before it comes here (docs/guide/change-a-running-system.md).
create table configuration (
  id bigint generated always as identity primary key,
  -- over what it says, not over how tributary.yaml is laid out
  hash text not null unique,
  -- path below the project's folder → exact text
  files jsonb not null,
  created_at timestamptz not null default now()
);

-- The newest row is the active one.
create table activation (
  id bigint generated always as identity primary key,
  configuration_id bigint not null references configuration,
  -- of the configuration before; null: the first
  from_id bigint references configuration,
  -- start: by a process that found nothing that was applied; others need not follow it
  kind text not null check (kind in ('start', 'apply', 'rollback')),
  who text not null,
  why text,
  at timestamptz not null default now(),
  -- connectors and mappings that it uses, with their versions, bundled ones too
  uses jsonb not null,
  -- orders that are to be planned again, and the last document that was passed; null: none, or all done
  replan jsonb,
  replan_after bigint not null default 0
);
create index activation_replan on activation (id) where replan is not null;

-- The newest activation that every process is to follow. Planning holds this row, so no order is planned by a
-- configuration that has just been replaced.
alter table installation add column activation_id bigint;

create table process (
  id text primary key,
  role text not null check (role in ('all', 'serve', 'work')),
  host text not null,
  pid int not null,
  version text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  -- what it runs by; null: a file that could not be stored
  activation_id bigint,
  -- of the tributary.yaml that it was started with; null like above
  file_hash text,
  -- the activation that it could not follow, and why
  refused_id bigint,
  problem jsonb
);
