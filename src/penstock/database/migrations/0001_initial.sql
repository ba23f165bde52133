-- The record of pipelines and what goes with it (BEHAVIOUR.md §2.1).

CREATE TABLE pipelines (
    pipeline_id uuid PRIMARY KEY,
    org_id text NOT NULL,
    principal_id text NOT NULL,
    idem_key text NOT NULL CHECK (length(idem_key) BETWEEN 1 AND 255),
    fingerprint text NOT NULL,
    -- json, not jsonb: kept as sent, and an escaped NUL in a developer's words is no error
    request json NOT NULL,
    service_name text,
    intent text NOT NULL DEFAULT '',
    trace_id text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'accepted' CHECK (status IN (
        'accepted', 'drafted', 'generated', 'active', 'github_pending', 'github_failed', 'rejected', 'failed', 'cancelled'
    )),
    attempt_no integer NOT NULL DEFAULT 1,
    lease_owner text,
    lease_epoch bigint NOT NULL DEFAULT 1,
    lease_until timestamptz,
    version bigint NOT NULL DEFAULT 1,
    recoveries integer NOT NULL DEFAULT 0,
    next_retry_at timestamptz,
    mode text CHECK (mode IN ('ai', 'template')),
    degraded boolean NOT NULL DEFAULT false,
    skills_used json NOT NULL DEFAULT '[]',
    draft json,
    artifact_digest text,
    policy_revision text,
    decision_id text,
    -- the verdict of a refused pipeline, so that the same key gets the same answer; secrets in it are fingerprints
    decision json,
    repo text,
    ref text,
    branch text,
    commit_sha text,
    no_changes boolean NOT NULL DEFAULT false,
    audit_state text NOT NULL DEFAULT 'none' CHECK (audit_state IN ('none', 'pending', 'stored', 'conflict')),
    failure_code text,
    failure_detail text,
    -- the answer, as it is given again to the same key
    response_body json,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    terminal_at timestamptz,
    UNIQUE (org_id, principal_id, idem_key)
);

CREATE INDEX pipelines_of_org ON pipelines (org_id, pipeline_id DESC);

-- what a reconciler looks for: few rows at any time
CREATE INDEX pipelines_live ON pipelines (lease_until)
WHERE status IN ('accepted', 'drafted', 'generated', 'github_pending');

CREATE FUNCTION refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a pipeline cannot become %', NEW.status USING ERRCODE = 'check_violation';
END
$$;

-- The state machine itself; domain/pipelines.py TRANSITIONS is its twin, and a test compares the two.
CREATE TRIGGER only_known_transitions BEFORE UPDATE OF status ON pipelines FOR EACH ROW
WHEN (
    OLD.status <> NEW.status
    AND (OLD.status, NEW.status) NOT IN (
        ('accepted', 'drafted'), ('accepted', 'generated'), ('accepted', 'rejected'), ('accepted', 'failed'),
        ('drafted', 'generated'), ('drafted', 'rejected'), ('drafted', 'failed'),
        ('generated', 'active'), ('generated', 'github_pending'), ('generated', 'github_failed'),
        ('github_pending', 'active'), ('github_pending', 'github_failed'), ('github_pending', 'cancelled'),
        ('github_failed', 'github_pending'),
        ('failed', 'accepted'), ('failed', 'drafted')
    )
)
EXECUTE FUNCTION refuse_transition();

CREATE TRIGGER born_accepted BEFORE INSERT ON pipelines FOR EACH ROW
WHEN (NEW.status <> 'accepted') EXECUTE FUNCTION refuse_transition();

-- Why each line is there stands in the lock file, which is one of them.
CREATE TABLE pipeline_artifacts (
    pipeline_id uuid NOT NULL REFERENCES pipelines ON DELETE CASCADE,
    path text NOT NULL,
    content bytea NOT NULL,
    sha256 text NOT NULL,
    executable boolean NOT NULL DEFAULT false,
    PRIMARY KEY (pipeline_id, path)
);

-- Every commit ever planned for a pipeline, written before the branch is moved (BEHAVIOUR.md §2.2). Append-only.
CREATE TABLE commit_plans (
    plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pipeline_id uuid NOT NULL REFERENCES pipelines ON DELETE CASCADE,
    lease_epoch bigint NOT NULL,
    repo text NOT NULL,
    branch text NOT NULL,
    base_sha text NOT NULL,
    commit_sha text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (pipeline_id, commit_sha)
);

-- Events to be published at least once, in this order per pipeline; event_id dedupes.
CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    org_id text NOT NULL,
    pipeline_id uuid,
    kind text NOT NULL,
    payload json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    parked_at timestamptz
);

CREATE INDEX outbox_waiting ON outbox (outbox_id) WHERE published_at IS NULL AND parked_at IS NULL;

-- One row per transition and per act on keys. No foreign key: it outlives what it tells of.
CREATE TABLE audit_logs (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id text NOT NULL,
    principal_id text NOT NULL,
    pipeline_id uuid,
    action text NOT NULL,
    before text,
    after text,
    detail json NOT NULL DEFAULT '{}',
    trace_id text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now(),
    -- room for a hash chain, filled by whoever seals the log
    previous_hash bytea,
    hash bytea
);

CREATE INDEX audit_of_org ON audit_logs (org_id, audit_id);
CREATE INDEX audit_of_pipeline ON audit_logs (pipeline_id) WHERE pipeline_id IS NOT NULL;

-- Insert-only (BEHAVIOUR.md C14): counters per organisation are rolled up from it.
CREATE TABLE usage_events (
    usage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id text NOT NULL,
    principal_id text NOT NULL,
    pipeline_id uuid NOT NULL,
    kind text NOT NULL,
    quantity bigint NOT NULL DEFAULT 1,
    detail json NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX usage_of_org ON usage_events (org_id, at);

-- API keys (POLICY.md §5): the secret itself is nowhere, only a keyed hash of the whole key.
CREATE TABLE api_keys (
    kid text PRIMARY KEY CHECK (kid ~ '^[0-9A-Za-z]{12}$'),
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    pepper_version smallint NOT NULL,
    org_id text NOT NULL,
    owner text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    allowed_cidrs text[] NOT NULL DEFAULT '{}',
    bootstrap boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);

CREATE INDEX api_keys_of_org ON api_keys (org_id);
CREATE UNIQUE INDEX one_bootstrap_key ON api_keys (bootstrap) WHERE bootstrap;
