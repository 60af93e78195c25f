-- What the rules of history look at: rolling windows of a card and an order, places, rosters.

-- at_ms: the time by which a swipe is linked and its windows are counted (the bank's, ours where it is suspect).
alter table card_authorization add column at_ms bigint not null default 0;
-- Whether an order accounts for the swipe; such swipes weigh less in velocity.
alter table card_authorization add column backed bigint not null default 0 check (backed in (0, 1));
-- The partner store at which the card credibly was.
alter table card_authorization add column place_id text;

update card_authorization set at_ms = case
    when occurred_at_ms - received_at_ms > 86400000 or received_at_ms - occurred_at_ms > 86400000
    then received_at_ms else occurred_at_ms end;

-- Both indexes hold all that their windows sum up, so that no row is looked at.
create index card_authorization_history on card_authorization
    (card_id, simulated, at_ms, decided_seq, net_cents, currency, backed, place_id);
drop index card_authorization_by_order;
create index card_authorization_by_order on card_authorization
    (order_id, simulated, currency, at_ms, decided_seq, net_cents, merchant_category_code) where order_id is not null;

-- Windows of the few cards and orders that are too busy to be summed up at every swipe, as they stood at the
-- latest swipe. A derived copy: it is deleted when a past swipe changes, and made again.
create table hot_tally (
    kind text not null check (kind in ('card', 'order')),
    id text not null,
    simulated bigint not null check (simulated in (0, 1)),
    body text not null,
    primary key (kind, id, simulated)
);

-- Where an order is delivered, in millionths of a degree: a store far from it has wrong coordinates.
alter table customer_order add column delivery_lat_e6 bigint;
alter table customer_order add column delivery_lng_e6 bigint;

-- Who is on shift at an instant.
create index shift_by_end on shift (ends_at_ms, starts_at_ms);

-- Every rule that fired, live or shadow, at the swipe or later: what rule statistics count.
create table rule_firing (
    authorization_id text not null references card_authorization (authorization_id),
    rule_id text not null,
    version bigint not null,
    mode text not null check (mode in ('live', 'shadow')),
    outcome text not null check (outcome in ('alert', 'decline', 'decline_and_deactivate')),
    received_at_ms bigint not null,
    primary key (authorization_id, rule_id)
);
create index rule_firing_by_rule on rule_firing (rule_id, received_at_ms);

-- Lists that expressions may look into.
create table list (
    list_id text primary key,
    kind text not null check (kind in ('allow', 'deny', 'custom')),
    note text not null,
    updated_at_ms bigint not null,
    updated_by text not null
);
create table list_entry (
    list_id text not null references list (list_id),
    entry text not null,
    primary key (list_id, entry)
);
insert into counter (name, value) values ('lists', 0);

-- A rule's draft on its way to being published; where two people may publish, the second one does it.
create table rule_draft (
    draft_id text primary key,
    rule_id text not null,
    base_version bigint not null,
    body text not null,
    status text not null check (status in ('open', 'published', 'withdrawn')),
    proposed_at_ms bigint not null,
    proposed_by text not null,
    decided_at_ms bigint,
    decided_by text
);
create index rule_draft_by_status on rule_draft (status, proposed_at_ms);

-- A card that a rule deactivated is held only for a time, until a person confirms or lifts it.
alter table card add column held_until_ms bigint;
alter table card add column held_by_rule text;
create index card_held on card (held_until_ms) where held_until_ms is not null;

-- People who may sign in at the desk; the desk's own token acts as local-admin and is nobody's.
create table person (
    name text primary key,
    role text not null check (role in ('agent', 'team_lead', 'mod', 'finance', 'ops_lead', 'admin')),
    password_hash text not null,
    created_at_ms bigint not null,
    disabled_at_ms bigint
);
create table person_session (
    token_digest text primary key,
    name text not null references person (name),
    expires_at_ms bigint not null
);
