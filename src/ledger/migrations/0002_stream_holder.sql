-- Who reads the stream now. The lease is short and renewed while its holder lives, so one that lost it must not
-- be able to renew it, move the watermark or keep a page.
alter table stream add column holder text;
