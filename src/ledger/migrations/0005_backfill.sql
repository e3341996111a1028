-- History fetched on demand: a range of a source's clock, or some ids, beside polling and without its watermark.
create table backfill (
  id bigint generated always as identity primary key,
  connection text not null,
  stream text not null,
  since timestamptz,
  until timestamptz,
  -- instead of a range, in this order
  ids text[],
  state text not null default 'planned' check (state in
    ('planned', 'running', 'paused', 'done', 'failed', 'cancelled')),
  -- {since, until, resume}: the window in hand and its next page; {done}: how many of the ids were asked for
  position jsonb,
  -- what the source said beforehand; null: it cannot count
  total bigint,
  total_exact boolean not null default false,
  read bigint not null default 0,
  -- of those, how many were not known yet
  added bigint not null default 0,
  -- ids that the source does not have
  absent text[] not null default '{}',
  -- failures in a row, and the last one's code
  attempts int not null default 0,
  error text,
  due_at timestamptz not null default now(),
  holder text,
  lease_until timestamptz,
  who text not null,
  why text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  check (case when ids is null then since < until else cardinality(ids) > 0 and since is null and until is null end)
);
create index backfill_open on backfill (connection, id) where state in ('planned', 'running');

-- Proof of completeness: what a source says it has of one day against what is here.
create table completeness (
  id bigint generated always as identity primary key,
  connection text not null,
  stream text not null,
  -- business day in the company's zone, YYYY-MM-DD, and the instants between which it was checked
  day text not null,
  since timestamptz not null,
  until timestamptz not null,
  -- the ids are compared although the counts agree
  list boolean not null default false,
  state text not null default 'planned' check (state in ('planned', 'running', 'done', 'failed')),
  -- by the source's own count, or by its list where it cannot count
  source bigint,
  -- before anything was fetched
  ours bigint,
  -- missing at first, and here now
  arrived bigint not null default 0,
  -- said to exist, and could not be had
  missing bigint not null default 0,
  detail jsonb not null default '{}',
  attempts int not null default 0,
  error text,
  due_at timestamptz not null default now(),
  holder text,
  lease_until timestamptz,
  who text not null,
  why text,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);
create unique index completeness_open on completeness (connection, stream, day) where state in ('planned', 'running');
create index completeness_day on completeness (connection, stream, day, id);

-- versions that are instants can be counted by the source's clock
create index document_version_clock on document_version (version collate "C");
