-- "authorization" is a reserved word. The decision columns are written once and never edited, but for the
-- outcome of a stand-in that was answered while its commit was still under way: what was answered counts.
create table card_authorization (
    authorization_id text primary key,
    presented_card_id text not null,
    card_id text not null references card (card_id),
    shopper_id text,
    amount_cents bigint not null,
    currency text not null,
    merchant_name text not null,
    merchant_city text not null,
    merchant_country text not null,
    merchant_category_code text not null,
    reference text,
    occurred_at_ms bigint not null,
    received_at_ms bigint not null,
    -- The order in which the writer decided; receipts of one millisecond are told apart by it.
    decided_seq bigint not null,
    simulated bigint not null check (simulated in (0, 1)),
    -- Digests, see fraud::authorization: which calls repeat this one, and which share its reference.
    repeat_key text not null,
    reference_key text,
    outcome text not null check (outcome in ('approve', 'decline')),
    stand_in bigint not null check (stand_in in (0, 1)),
    rule_set_version bigint not null,
    -- JSON: reasons with values and thresholds, failures, facts.
    decision text not null,
    -- The rest follows later facts. net_cents is what counts against the order: 0 when declined or reversed.
    order_id text,
    net_cents bigint not null,
    bank_state text not null,
    -- Set while we approved and the bank has not reported: the feed-gap worker's list.
    awaiting_since_ms bigint
);
create index card_authorization_by_card on card_authorization (card_id, received_at_ms);
create index card_authorization_by_time on card_authorization (received_at_ms, authorization_id);
-- A repeat is found by its reference, or without one by its content: each row stands in one of the two.
create index card_authorization_by_reference on card_authorization (reference_key) where reference_key is not null;
create index card_authorization_by_repeat on card_authorization (repeat_key) where reference_key is null;
create index card_authorization_by_order on card_authorization (order_id) where order_id is not null;
create index card_authorization_awaiting on card_authorization (awaiting_since_ms) where awaiting_since_ms is not null;

-- A further call for the same authorization, and what it was answered.
create table authorization_repeat (
    repeat_id text primary key,
    authorization_id text not null references card_authorization (authorization_id),
    received_at_ms bigint not null,
    outcome text not null check (outcome in ('approve', 'decline'))
);
create index authorization_repeat_by_authorization on authorization_repeat (authorization_id);

-- after, decline, reversal and adjustment reports. authorization_id is null while none fits.
create table bank_event (
    event_id text primary key,
    kind text not null check (kind in ('after', 'decline', 'reversal', 'adjustment')),
    presented_card_id text not null,
    card_id text not null,
    amount_cents bigint not null,
    currency text not null,
    merchant_name text not null,
    merchant_category_code text not null,
    reference text,
    occurred_at_ms bigint not null,
    received_at_ms bigint not null,
    simulated bigint not null check (simulated in (0, 1)),
    repeat_key text not null,
    reference_key text,
    authorization_id text references card_authorization (authorization_id),
    matched_by text check (matched_by in ('reference', 'content')),
    awaiting_since_ms bigint
);
create index bank_event_by_repeat on bank_event (repeat_key) where reference_key is null;
create index bank_event_by_authorization on bank_event (authorization_id);
create index bank_event_by_reference on bank_event (reference_key) where reference_key is not null;
create index bank_event_by_card on bank_event (card_id, received_at_ms);
create index bank_event_awaiting on bank_event (awaiting_since_ms) where awaiting_since_ms is not null;

-- Shoppers whose swipes must be linked afresh because a fact arrived late; worked off in slices.
create table relink_due (
    shopper_id text primary key,
    from_ms bigint not null,
    to_ms bigint not null
);

-- One row a minute, written by a worker from the daemon's histogram.
create table latency_minute (
    minute_ms bigint primary key,
    count bigint not null,
    p50_us bigint not null,
    p99_us bigint not null,
    max_us bigint not null,
    late bigint not null
);

-- Errors that the card code posts: the one place to look for all cards.
create table card_log (
    card_log_id text primary key,
    received_at_ms bigint not null,
    card_id text,
    level text not null,
    message text not null
);
create index card_log_by_time on card_log (received_at_ms);
