-- Events on their way out, usage rolled up, the audit log sealed (BEHAVIOUR.md C14, C15). Only additions: a Penstock of
-- the version before goes on writing beside this one.

-- Who is publishing an event just now: a lease on the database's clock, so that no transaction waits for the network.
ALTER TABLE outbox ADD COLUMN taken_until timestamptz;
-- How often the receiver refused the event itself; an absent receiver counts in attempts alone.
ALTER TABLE outbox ADD COLUMN refusals integer NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN refused_for text;

-- An event goes out only when no earlier one of its pipeline waits.
CREATE INDEX outbox_in_order ON outbox (pipeline_id, outbox_id) WHERE published_at IS NULL AND parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (outbox_id) WHERE parked_at IS NOT NULL;

-- Ids become visible out of order, so a high-water mark of ids would skip what commits late: each event says itself
-- that it was counted.
ALTER TABLE usage_events ADD COLUMN rolled_at timestamptz;

CREATE INDEX usage_waiting ON usage_events (usage_id) WHERE rolled_at IS NULL;

CREATE TABLE usage_rollup (
    org_id text NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    events bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    micro_usd bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, day, kind)
);

-- The place of a row in its organisation's chain: 1, 2, 3, ... without a gap, in the order of sealing.
ALTER TABLE audit_logs ADD COLUMN seal_no bigint;

CREATE UNIQUE INDEX audit_chain ON audit_logs (org_id, seal_no) WHERE seal_no IS NOT NULL;
CREATE INDEX audit_unsealed ON audit_logs (org_id, audit_id) WHERE seal_no IS NULL;

-- The last link of each chain, and the last one that was told to the archive.
CREATE TABLE audit_heads (
    org_id text PRIMARY KEY,
    seal_no bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT '',
    sealed_at timestamptz,
    exported_no bigint NOT NULL DEFAULT 0,
    exported_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX pipelines_unarchived ON pipelines (created_at) WHERE audit_state = 'pending';
