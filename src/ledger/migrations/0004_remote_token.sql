-- Tokens of outside systems that were got and must be renewed, sealed with TRIBUTARY_KEY.
create table remote_token (
  connection text collate "C" primary key,
  -- null before the first one
  sealed bytea,
  -- who is renewing it, and until when he is believed to
  holder text,
  lease_until timestamptz,
  renewed_at timestamptz
);
