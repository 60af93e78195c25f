-- Versions of things that are read at every swipe: cached copies are good while the number stands.
create table counter (
    name text primary key,
    value bigint not null
);
insert into counter (name, value) values ('rules', 0), ('stores', 0), ('settings', 0);

create table rule (
    rule_id text primary key,
    position bigint not null,
    version bigint not null,
    body text not null
);

-- Every version ever in force; set_version is the rule set's number from which it held.
create table rule_version (
    rule_id text not null,
    version bigint not null,
    set_version bigint not null,
    body text not null,
    primary key (rule_id, version)
);

create table setting_version (
    version bigint primary key,
    changed_at_ms bigint not null,
    changed_by text not null,
    body text not null
);

-- secret_digest is SHA-256 of 256 random bits; the secret itself is shown once and never kept.
create table partner_key (
    key_id text primary key,
    name text not null,
    scope text not null check (scope in ('webhook', 'carts', 'promotions', 'ingest')),
    secret_digest text not null unique,
    created_at_ms bigint not null,
    last_used_at_ms bigint,
    revoked_at_ms bigint
);
