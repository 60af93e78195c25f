create table alert (
    alert_id text primary key,
    status text not null check (status in ('open', 'in_review', 'resolved')),
    disposition text check (disposition in ('confirmed_fraud', 'false_positive', 'inconclusive', 'explained')),
    rule text not null,
    rules text not null,
    weight bigint not null,
    severity text not null check (severity in ('info', 'warning', 'critical')),
    title text not null,
    card_id text,
    merchant text not null,
    amount_cents bigint not null,
    currency text not null,
    order_id text,
    raised_at_ms bigint not null,
    last_at_ms bigint not null,
    swipe_count bigint not null,
    simulated bigint not null check (simulated in (0, 1)),
    -- Feed gaps are always alerts of their own; gap_kind says what is missing.
    gap_kind text check (gap_kind in ('missing_after', 'missing_before', 'reference_reused', 'contradicted')),
    assigned_to text,
    snoozed_until_ms bigint,
    resolved_at_ms bigint,
    resolved_by text,
    resolution text
);
create index alert_by_time on alert (raised_at_ms, alert_id);
create index alert_by_status on alert (status, raised_at_ms, alert_id);
create index alert_by_card on alert (card_id, raised_at_ms);

-- Each rule of each swipe (or feed event) in an alert. An alert resolves itself once all are explained.
create table alert_reason (
    alert_id text not null references alert (alert_id),
    subject_id text not null,
    rule text not null,
    fired text not null,
    -- 1 when the rule fired only once a late fact was known.
    late bigint not null check (late in (0, 1)),
    explained_at_ms bigint,
    explained_why text,
    primary key (alert_id, subject_id, rule)
);
create index alert_reason_by_subject on alert_reason (subject_id);

create table alert_event (
    alert_id text not null references alert (alert_id),
    position bigint not null,
    at_ms bigint not null,
    actor text not null,
    kind text not null check (kind in ('raised', 'joined', 'assigned', 'snoozed', 'note', 'disposition', 'explained', 'reopened', 'late')),
    text text not null,
    primary key (alert_id, position)
);
