-- Code tables: what a mapping's $code(table, key) answers. They go before the tables of tributary.yaml.
create table code_entry (
  connection text collate "C" not null,
  "table" text collate "C" not null,
  key text collate "C" not null,
  value text not null,
  -- how many of the remote's units one of ours is (a box of 12 pieces: 12)
  factor numeric,
  -- of the import that wrote it last; processes read on from the newest that they know
  revision bigint not null,
  changed_by text not null,
  changed_at timestamptz not null default now(),
  primary key (connection, "table", key)
);
create index code_entry_revision on code_entry (revision);

-- One row, made by the first import. Imports lock it, so that revisions become visible in their order.
create table code_revision (
  one boolean primary key default true check (one),
  revision bigint not null,
  changed_at timestamptz not null default now()
);

-- what waits for a code
create index parked_code on parked (id) where resolved_at is null and code = 'MAPPING_CODE_MISSING';
