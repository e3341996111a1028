-- Alerts: one open row per cause (its kind, then whose: silence:web/order). A cause is seen for a while before it
-- is open, and away for a while before it is closed.
create table alert (
  id bigint generated always as identity primary key,
  cause text collate "C" not null,
  kind text not null,
  connection text,
  level text not null check (level in ('yellow', 'red')),
  -- { en, zh }
  say jsonb not null,
  fix jsonb not null,
  -- counts, codes, order keys; never personal data
  detail jsonb not null,
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  opened_at timestamptz,
  -- seconds that it must be away before it is closed
  closes_after real not null,
  -- not seen since
  away_since timestamptz,
  closed_at timestamptz
);
create unique index alert_open on alert (cause) where closed_at is null;
create index alert_closed on alert (closed_at) where closed_at is not null;

-- One message: what happened to an alert, told on one channel, once.
create table alert_delivery (
  id bigint generated always as identity primary key,
  alert_id bigint not null references alert on delete cascade,
  channel text collate "C" not null,
  event text not null check (event in ('opened', 'reminder', 'closed')),
  -- which reminder
  round int not null default 0,
  -- dropped: told by a later message, or nobody is to be told any more; failed: given up
  state text not null default 'due' check (state in ('due', 'sending', 'sent', 'dropped', 'failed')),
  -- tries, and a fencing token: only the holder of the last one may settle
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  lease_until timestamptz,
  code text,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  unique (alert_id, channel, event, round)
);
create index alert_delivery_due on alert_delivery (channel, due_at) where state in ('due', 'sending');

create table alert_mute (
  -- a cause, or the beginning of some and *
  cause text collate "C" primary key,
  until timestamptz not null,
  who text not null,
  why text not null,
  since timestamptz not null default now()
);

-- When records came: a bit per minute of an hour, first minute first. Counting twice changes nothing.
create table arrival (
  connection text collate "C" not null,
  stream text collate "C" not null,
  hour timestamptz not null,
  busy bit(60) not null default repeat('0', 60)::bit(60),
  -- minutes in which a record would have been taken in
  watched bit(60) not null default repeat('0', 60)::bit(60),
  primary key (connection, stream, hour)
);
create index arrival_hour on arrival (hour);

-- Up to which record the inbox was looked through. One row.
create table arrival_mark (
  one boolean primary key default true check (one),
  inbox_id bigint not null
);

-- Work that one process does for all.
create table duty (
  name text primary key,
  holder text not null,
  lease_until timestamptz not null
);
