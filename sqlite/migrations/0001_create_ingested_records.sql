-- What the order system sends. A record is kept whole as JSON in `record`; the columns beside it are what
-- queries look at. References may arrive later, so there are no foreign keys between these tables.
-- updated_at_ms is the sender's own time of change: an older version never overwrites a newer one.

create table store (
    store_id text primary key,
    name text not null,
    kind text not null check (kind in ('grocery', 'liquor')),
    partner bigint not null check (partner in (0, 1)),
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);

create table shopper (
    shopper_id text primary key,
    name text not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);

create table shift (
    shift_id text primary key,
    shopper_id text not null,
    starts_at_ms bigint not null,
    ends_at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index shift_by_shopper on shift (shopper_id, starts_at_ms);

-- known = 0 marks a card that was swiped before the order system told us of it; record is null until then.
create table card (
    card_id text primary key,
    known bigint not null check (known in (0, 1)),
    masked_number text,
    shopper_id text,
    issuer text,
    status text not null default 'active' check (status in ('active', 'deactivated')),
    status_at_ms bigint,
    status_by text,
    status_reason text,
    status_note text,
    record text,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index card_by_shopper on card (shopper_id);

-- Every id a card goes by, its own included, so that one look-up finds it.
create table card_alias (
    alias_id text primary key,
    card_id text not null references card (card_id)
);
create index card_alias_by_card on card_alias (card_id);

create table customer (
    customer_id text primary key,
    name text not null,
    created_at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);

-- starts_at_ms and ends_at_ms are the order's life without any tolerance: from assigned (else placed) to
-- completed or cancelled, else 12 h after the start. "order" is a reserved word.
create table customer_order (
    order_id text primary key,
    customer_id text not null,
    store_id text not null,
    shopper_id text,
    status text not null check (status in ('placed', 'picking', 'purchased', 'delivered', 'cancelled', 'abandoned')),
    placed_at_ms bigint not null,
    assigned_at_ms bigint,
    completed_at_ms bigint,
    cancelled_at_ms bigint,
    starts_at_ms bigint not null,
    ends_at_ms bigint not null,
    value_cents bigint not null,
    has_liquor bigint not null check (has_liquor in (0, 1)),
    has_tobacco bigint not null check (has_tobacco in (0, 1)),
    has_airtime bigint not null check (has_airtime in (0, 1)),
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index customer_order_by_shopper on customer_order (shopper_id, ends_at_ms);
create index customer_order_by_customer on customer_order (customer_id, placed_at_ms);

create table slip (
    slip_id text primary key,
    store_id text,
    shopper_id text,
    card_id text,
    total_cents bigint not null,
    refund bigint not null check (refund in (0, 1)),
    at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index slip_by_card on slip (card_id, at_ms);

create table complaint (
    complaint_id text primary key,
    customer_id text not null,
    order_id text,
    at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index complaint_by_customer on complaint (customer_id, at_ms);

create table compensation (
    compensation_id text primary key,
    customer_id text not null,
    order_id text,
    at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index compensation_by_customer on compensation (customer_id, at_ms);

create table order_exception (
    exception_id text primary key,
    order_id text not null,
    customer_id text,
    at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index order_exception_by_order on order_exception (order_id, at_ms);

create table bank_transaction (
    bank_transaction_id text primary key,
    card_id text not null,
    at_ms bigint not null,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
create index bank_transaction_by_card on bank_transaction (card_id, at_ms);

create table delivery_area (
    delivery_area_id text primary key,
    record text not null,
    updated_at_ms bigint,
    received_at_ms bigint not null
);
