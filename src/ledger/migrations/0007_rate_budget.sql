-- Rate budgets that processes share where there is no Redis (core/budget.ts). Unlogged: it costs no write to the
-- disk, and to lose it costs nothing but politeness. It is in no backup.
create unlogged table budget (
  connection text collate "C" not null,
  class text collate "C" not null,
  -- what is left as of `at`; below 0 while calls wait for what they have taken
  level double precision not null,
  at timestamptz not null,
  -- milliseconds from `at` on: nothing is sent; until each lane's next sure turn
  blocked double precision not null default 0,
  turn_write double precision not null default 0,
  turn_read double precision not null default 0,
  turn_backfill double precision not null default 0,
  -- tickets of those that wait, by lane, and how long they count
  head_write double precision not null default 0,
  head_read double precision not null default 0,
  head_backfill double precision not null default 0,
  tail_write double precision not null default 0,
  tail_read double precision not null default 0,
  tail_backfill double precision not null default 0,
  lapse_write double precision not null default 0,
  lapse_read double precision not null default 0,
  lapse_backfill double precision not null default 0,
  -- the answer to whoever asked last
  taken boolean not null default false,
  wait double precision not null default 0,
  ticket double precision,
  primary key (connection, class)
) with (fillfactor = 20);
