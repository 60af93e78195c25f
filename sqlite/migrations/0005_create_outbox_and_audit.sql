-- Effects outside the program, written with their cause and delivered by workers. `native` ones are drained
-- by the window. outbox_id is the idempotency key.
create table outbox (
    outbox_id text primary key,
    kind text not null check (kind in ('slack', 'shopper_webhook', 'native')),
    subject text not null,
    alert_id text,
    card_id text,
    payload text not null,
    state text not null check (state in ('pending', 'delivered', 'dead')),
    attempts bigint not null,
    -- Start of the 24 h of retries; a resend starts them anew.
    retries_from_ms bigint not null,
    next_attempt_at_ms bigint not null,
    last_error text,
    created_at_ms bigint not null,
    delivered_at_ms bigint
);
create index outbox_due on outbox (state, kind, next_attempt_at_ms);
create index outbox_by_time on outbox (created_at_ms, outbox_id);

-- Hash-chained: hash = SHA-256 over the previous hash and this row's fields. Holds ids only, no personal data.
create table audit_entry (
    seq bigint primary key,
    at_ms bigint not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail text not null,
    previous_hash text not null,
    hash text not null
);
create index audit_entry_by_subject on audit_entry (subject, seq);

-- The chain's end, so that a cut tail is found.
create table audit_head (
    id bigint primary key check (id = 1),
    seq bigint not null,
    hash text not null
);
insert into audit_head (id, seq, hash) values (1, 0, '');
