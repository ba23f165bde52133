-- Every statement Penstock sends, named and explained. database/queries.py reads this file.
-- Each is one statement, and so one transaction and one trip (measured: twice as fast as five statements).

-- name: ping
-- Whether the database answers.
SELECT 1;

-- name: claim
-- TX1: make the record, or find the one that has this key already. No row: another claim was committed between our
-- snapshot and our insert; ask again.
WITH made AS (
    INSERT INTO pipelines (
        pipeline_id, org_id, principal_id, idem_key, fingerprint, request, service_name, intent, repo, ref, trace_id,
        lease_owner, lease_until
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now() + $13::interval)
    ON CONFLICT (org_id, principal_id, idem_key) DO NOTHING
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, after, trace_id)
    SELECT org_id, principal_id, pipeline_id, 'pipeline.claimed', status, trace_id FROM made
), found AS (
    SELECT *, true AS made FROM made
    UNION ALL
    SELECT *, false FROM pipelines
    WHERE org_id = $2 AND principal_id = $3 AND idem_key = $4 AND NOT EXISTS (SELECT FROM made)
)
SELECT
    pipeline_id, made, fingerprint, status, lease_epoch, version, attempt_no, decision, failure_code, failure_detail,
    response_body, draft, lease_until IS NOT NULL AND lease_until > now() AS leased,
    ceil(extract(EPOCH FROM lease_until - now()))::int AS lease_left_s
FROM found;

-- name: resume
-- Take over a record that was never promised: it failed, or whoever worked on it is gone. No row: somebody was quicker.
WITH taken AS (
    UPDATE pipelines SET
        status = CASE WHEN status <> 'failed' THEN status WHEN draft IS NULL THEN 'accepted' ELSE 'drafted' END,
        lease_epoch = lease_epoch + 1, version = version + 1, attempt_no = attempt_no + 1,
        lease_owner = $3, lease_until = now() + $4::interval, trace_id = $5,
        failure_code = NULL, failure_detail = NULL, terminal_at = NULL, updated_at = now()
    WHERE
        pipeline_id = $1 AND lease_epoch = $2
        AND (status = 'failed' OR (status IN ('accepted', 'drafted') AND (lease_until IS NULL OR lease_until <= now())))
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, after, detail, trace_id)
    SELECT
        org_id, principal_id, pipeline_id, 'pipeline.resumed', status, json_build_object('attempt', attempt_no), trace_id
    FROM taken
)
SELECT pipeline_id, status, lease_epoch, version, attempt_no, draft FROM taken;

-- name: draft
-- What a model answered, and what that cost, kept before anything is made of it: nobody pays for it twice. No row: fenced.
WITH drafted AS (
    UPDATE pipelines SET
        status = 'drafted', version = version + 1, mode = 'ai', draft = $4, lease_until = now() + $5::interval,
        updated_at = now()
    WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 AND status IN ('accepted', 'drafted')
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, trace_id)
    SELECT org_id, principal_id, pipeline_id, 'pipeline.drafted', $6, status, trace_id FROM drafted
), used AS (
    INSERT INTO usage_events (org_id, principal_id, pipeline_id, kind, quantity, detail)
    SELECT drafted.org_id, drafted.principal_id, drafted.pipeline_id, 'model', attempt.tokens, attempt.detail
    FROM drafted, json_to_recordset($7) AS attempt (tokens bigint, detail json)
)
SELECT version FROM drafted;

-- name: spent
-- What attempts on a model cost when nothing came of them.
INSERT INTO usage_events (org_id, principal_id, pipeline_id, kind, quantity, detail)
SELECT pipelines.org_id, pipelines.principal_id, pipelines.pipeline_id, 'model', attempt.tokens, attempt.detail
FROM pipelines, json_to_recordset($2) AS attempt (tokens bigint, detail json)
WHERE pipelines.pipeline_id = $1;

-- name: renew
-- Keep the lease while the work lasts. No row: it is somebody else's by now.
UPDATE pipelines SET lease_until = now() + $3::interval
WHERE pipeline_id = $1 AND lease_epoch = $2 AND lease_until IS NOT NULL
RETURNING lease_epoch;

-- name: promise
-- TX2: artifacts, audit row, usage and event together. No row: the lease is somebody else's now.
WITH promised AS (
    UPDATE pipelines SET
        status = 'generated', version = version + 1, mode = $4, degraded = $5, skills_used = $6, artifact_digest = $7,
        policy_revision = $8, decision_id = $9, draft = NULL, lease_until = now() + $10::interval, delivery = $16,
        promised_at = now(), updated_at = now()
    WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 AND status IN ('accepted', 'drafted')
    RETURNING *
), kept AS (
    INSERT INTO pipeline_artifacts (pipeline_id, path, content, sha256, executable)
    SELECT promised.pipeline_id, file.path, file.content, file.sha256, file.executable
    FROM promised,
    unnest($11::text[], $12::bytea[], $13::text[], $14::boolean[]) AS file (path, content, sha256, executable)
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, detail, trace_id)
    SELECT
        org_id, principal_id, pipeline_id, 'pipeline.promised', $15, status,
        json_build_object('artifact_digest', artifact_digest, 'policy_revision', policy_revision, 'decision_id', decision_id),
        trace_id
    FROM promised
), used AS (
    INSERT INTO usage_events (org_id, principal_id, pipeline_id, kind, detail)
    SELECT org_id, principal_id, pipeline_id, 'pipeline', json_build_object('mode', mode, 'degraded', degraded)
    FROM promised
), announced AS (
    INSERT INTO outbox (org_id, pipeline_id, kind, payload)
    SELECT
        org_id, pipeline_id, 'pipeline.promised',
        json_build_object('pipeline_id', pipeline_id, 'artifact_digest', artifact_digest, 'trace_id', trace_id)
    FROM promised
)
SELECT version FROM promised;

-- name: settle
-- Any later step of the lease holder: active, github_pending or github_failed after the promise; rejected or failed
-- before it. A terminal state gives the lease back. No row: fenced, somebody else has the lease.
WITH settled AS (
    UPDATE pipelines SET
        status = $4, version = version + 1,
        branch = coalesce($5, branch), commit_sha = coalesce($6, commit_sha), no_changes = no_changes OR $7,
        pull_request = coalesce($15, pull_request), next_retry_at = NULL,
        audit_state = coalesce($8, audit_state), failure_code = $9, failure_detail = $10,
        decision = coalesce($11, decision), response_body = coalesce($12, response_body),
        draft = CASE WHEN $4 = 'rejected' THEN NULL ELSE draft END,
        lease_owner = NULL, lease_until = NULL, updated_at = now(),
        terminal_at = CASE WHEN $4 IN ('active', 'github_failed', 'rejected', 'failed', 'cancelled') THEN now() END
    WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 AND status = ANY($13::text[])
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, detail, trace_id)
    SELECT
        org_id, principal_id, pipeline_id, 'pipeline.settled', $14, status,
        json_build_object('commit_sha', commit_sha, 'failure_code', failure_code, 'failure_detail', failure_detail),
        trace_id
    FROM settled
), announced AS (
    INSERT INTO outbox (org_id, pipeline_id, kind, payload)
    SELECT
        org_id, pipeline_id, 'pipeline.' || status,
        json_build_object(
            'pipeline_id', pipeline_id, 'status', status, 'commit_sha', commit_sha, 'failure_code', failure_code,
            'trace_id', trace_id
        )
    FROM settled
)
SELECT version FROM settled;

-- name: read_back
-- After an answer was lost: where the record stands.
SELECT pipeline_id, status, lease_epoch, lease_owner, version, attempt_no, draft FROM pipelines WHERE pipeline_id = $1;

-- name: get
-- One record, as its organisation may see it.
SELECT
    pipeline_id, org_id, principal_id, status, service_name, intent, repo, ref, mode, degraded, skills_used,
    artifact_digest, policy_revision, decision_id, branch, commit_sha, pull_request, no_changes, audit_state, attempt_no,
    version, failure_code, failure_detail, trace_id, next_retry_at, created_at, updated_at, terminal_at
FROM pipelines
WHERE org_id = $1 AND pipeline_id = $2;

-- name: list
-- A page of an organisation's records, newest first: ids grow with time.
SELECT
    pipeline_id, org_id, principal_id, status, service_name, intent, repo, ref, mode, degraded, skills_used,
    artifact_digest, policy_revision, decision_id, branch, commit_sha, pull_request, no_changes, audit_state, attempt_no,
    version, failure_code, failure_detail, trace_id, next_retry_at, created_at, updated_at, terminal_at
FROM pipelines
WHERE org_id = $1 AND ($3::uuid IS NULL OR pipeline_id < $3)
ORDER BY pipeline_id DESC
LIMIT $2;

-- name: artifacts
-- The files of one pipeline; one row without a path when there are none yet, no row when there is no such pipeline.
SELECT file.path, file.content, file.executable
FROM pipelines LEFT JOIN pipeline_artifacts AS file USING (pipeline_id)
WHERE org_id = $1 AND pipeline_id = $2
ORDER BY file.path;

-- name: find_key
-- One API key by its public part.
SELECT * FROM api_keys WHERE kid = $1;

-- name: list_keys
-- Keys, newest first; all organisations when none is named.
SELECT * FROM api_keys WHERE $1::text IS NULL OR org_id = $1 ORDER BY created_at DESC, kid;

-- name: add_key
-- A new key and its audit row. No row: it is a second bootstrap key, or the public part is taken.
WITH made AS (
    INSERT INTO api_keys (
        kid, key_hash, pepper_version, org_id, owner, name, scopes, allowed_cidrs, bootstrap, created_at, expires_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT DO NOTHING
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, action, detail)
    SELECT org_id, owner, 'key.created', json_build_object('kid', kid, 'name', name, 'scopes', scopes) FROM made
)
SELECT * FROM made;

-- name: revoke_key
-- Revoke a key; revoking again changes nothing. No row: there is no such key.
WITH revoked AS (
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2)
    WHERE kid = $1
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, action, detail)
    SELECT org_id, owner, 'key.revoked', json_build_object('kid', kid, 'name', name) FROM revoked
)
SELECT * FROM revoked;

-- name: touch_key
-- Remember the hour of a key's last use.
UPDATE api_keys SET last_used_at = date_trunc('hour', $2::timestamptz)
WHERE kid = $1 AND (last_used_at IS NULL OR last_used_at < date_trunc('hour', $2::timestamptz));

-- name: applied_migrations
-- What the schema is made of.
SELECT version, name, checksum FROM schema_migrations ORDER BY version;

-- name: has_migrations
-- Whether this database was ever migrated.
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: make_migrations
-- The runner's own table.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: record_migration
-- In the migration's own transaction.
INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3);

-- name: lock_migrations
-- One migration runner at a time; held until the connection ends.
SELECT pg_advisory_lock(7235420301);

-- name: take_promised
-- Take over promised records that nobody works on and that are due: in a short transaction, each row once (SKIP LOCKED).
-- Those come first whose workers were never lost: a record that kills its workers does not stand in the others' way.
WITH due AS (
    SELECT pipeline_id FROM pipelines
    WHERE
        status IN ('generated', 'github_pending')
        AND (lease_until IS NULL OR lease_until <= now())
        AND (next_retry_at IS NULL OR next_retry_at <= now())
    ORDER BY recoveries, created_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE pipelines SET
    lease_owner = $2, lease_epoch = lease_epoch + 1, version = version + 1, lease_until = now() + $3::interval,
    updated_at = now()
FROM due
WHERE pipelines.pipeline_id = due.pipeline_id
RETURNING
    pipelines.pipeline_id, org_id, status, lease_epoch, version, attempt_no, delivery, recoveries, delivery_attempts,
    coalesce(promised_at, created_at) AS since, audit_state, trace_id, response_body;

-- name: begin_recovery
-- Work on one record begins: counted before it, so that the count tells of workers that were never heard of again.
UPDATE pipelines SET recoveries = recoveries + 1
WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3
RETURNING recoveries;

-- name: pend
-- Put off what was promised. One audit row per change of state: a further attempt is none. No row: fenced.
WITH before AS (
    SELECT pipeline_id, status FROM pipelines WHERE pipeline_id = $1
), pending AS (
    UPDATE pipelines SET
        status = 'github_pending', version = version + 1, next_retry_at = now() + $4::interval, recoveries = 0,
        delivery_attempts = delivery_attempts + 1, failure_detail = $5, response_body = coalesce($6, response_body),
        lease_owner = NULL, lease_until = NULL, updated_at = now()
    WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 AND status IN ('generated', 'github_pending')
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, detail, trace_id)
    SELECT
        org_id, principal_id, pending.pipeline_id, 'pipeline.settled', before.status, pending.status,
        json_build_object('failure_detail', failure_detail, 'next_retry_at', next_retry_at), trace_id
    FROM pending JOIN before USING (pipeline_id)
    WHERE before.status <> pending.status
), announced AS (
    INSERT INTO outbox (org_id, pipeline_id, kind, payload)
    SELECT
        org_id, pending.pipeline_id, 'pipeline.github_pending',
        json_build_object('pipeline_id', pending.pipeline_id, 'status', pending.status, 'trace_id', trace_id)
    FROM pending JOIN before USING (pipeline_id)
    WHERE before.status <> pending.status
)
SELECT version FROM pending;

-- name: put_off
-- Give a lease back without having worked: the record stays as it is and is due later.
UPDATE pipelines SET
    lease_owner = NULL, lease_until = NULL, version = version + 1, next_retry_at = now() + $4::interval,
    recoveries = CASE WHEN $5 THEN 0 ELSE recoveries END, updated_at = now()
WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3
RETURNING version;

-- name: abandon
-- What was never promised and whose lease ran out a minute ago: failed, and the same key resumes it. Nobody generates here.
WITH gone AS (
    SELECT pipeline_id, status FROM pipelines
    WHERE status IN ('accepted', 'drafted') AND lease_until IS NOT NULL AND lease_until <= now() - $1::interval
    LIMIT 100
    FOR UPDATE SKIP LOCKED
), settled AS (
    UPDATE pipelines SET
        status = 'failed', version = version + 1, lease_epoch = lease_epoch + 1, lease_owner = NULL, lease_until = NULL,
        failure_code = 'interrupted', failure_detail = 'Whoever worked on it is gone. The same key resumes it.',
        updated_at = now(), terminal_at = now()
    FROM gone
    WHERE pipelines.pipeline_id = gone.pipeline_id
    RETURNING pipelines.*
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, detail, trace_id)
    SELECT
        org_id, principal_id, settled.pipeline_id, 'pipeline.settled', gone.status, settled.status,
        json_build_object('failure_code', failure_code), trace_id
    FROM settled JOIN gone USING (pipeline_id)
), announced AS (
    INSERT INTO outbox (org_id, pipeline_id, kind, payload)
    SELECT
        org_id, pipeline_id, 'pipeline.failed',
        json_build_object('pipeline_id', pipeline_id, 'status', status, 'failure_code', failure_code, 'trace_id', trace_id)
    FROM settled
)
SELECT count(*) AS count FROM settled;

-- name: expire_drafts
-- A draft that nobody came back for in a day is wiped. A failed record stays failed: only its draft goes.
WITH stale AS (
    SELECT pipeline_id, status FROM pipelines
    WHERE
        draft IS NOT NULL AND updated_at <= now() - $1::interval
        AND (status = 'failed' OR (status = 'drafted' AND (lease_until IS NULL OR lease_until <= now())))
    LIMIT 100
    FOR UPDATE SKIP LOCKED
), settled AS (
    UPDATE pipelines SET
        status = 'failed', draft = NULL, version = version + 1, lease_owner = NULL, lease_until = NULL,
        failure_code = 'expired', failure_detail = 'Nobody came back for it in a day.', updated_at = now(),
        terminal_at = now()
    FROM stale
    WHERE pipelines.pipeline_id = stale.pipeline_id
    RETURNING pipelines.*
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, detail, trace_id)
    SELECT
        org_id, principal_id, settled.pipeline_id, 'pipeline.settled', stale.status, settled.status,
        json_build_object('failure_code', failure_code), trace_id
    FROM settled JOIN stale USING (pipeline_id)
    WHERE stale.status <> settled.status
), announced AS (
    INSERT INTO outbox (org_id, pipeline_id, kind, payload)
    SELECT
        org_id, settled.pipeline_id, 'pipeline.failed',
        json_build_object(
            'pipeline_id', settled.pipeline_id, 'status', settled.status, 'failure_code', failure_code, 'trace_id', trace_id
        )
    FROM settled JOIN stale USING (pipeline_id)
    WHERE stale.status <> settled.status
)
SELECT count(*) AS count FROM settled;

-- name: reopen
-- A failed delivery is taken up again by its user. No row: there is none, or it is in another state.
WITH opened AS (
    UPDATE pipelines SET
        status = 'github_pending', version = version + 1, lease_epoch = lease_epoch + 1, lease_owner = $3,
        lease_until = now() + $4::interval, failure_code = NULL, failure_detail = NULL, terminal_at = NULL,
        next_retry_at = NULL, recoveries = 0, delivery_attempts = 0, promised_at = now(), updated_at = now()
    WHERE org_id = $1 AND pipeline_id = $2 AND status = 'github_failed'
    RETURNING *
), told AS (
    INSERT INTO audit_logs (org_id, principal_id, pipeline_id, action, before, after, trace_id)
    SELECT org_id, principal_id, pipeline_id, 'pipeline.reopened', 'github_failed', status, trace_id FROM opened
)
SELECT
    pipeline_id, org_id, status, lease_epoch, version, attempt_no, delivery, recoveries, delivery_attempts,
    coalesce(promised_at, created_at) AS since, audit_state, trace_id, response_body
FROM opened;

-- name: take_waiting
-- The lease of one delivery that waits, to cancel it or to try it at once. No row: another state, or somebody has it.
UPDATE pipelines SET
    lease_owner = $3, lease_epoch = lease_epoch + 1, version = version + 1, lease_until = now() + $4::interval,
    updated_at = now()
WHERE
    org_id = $1 AND pipeline_id = $2 AND status = 'github_pending' AND (lease_until IS NULL OR lease_until <= now())
RETURNING
    pipeline_id, org_id, status, lease_epoch, version, attempt_no, delivery, recoveries, delivery_attempts,
    coalesce(promised_at, created_at) AS since, audit_state, trace_id, response_body;

-- name: order
-- Where the files of a pipeline were to go.
SELECT status, delivery FROM pipelines WHERE org_id = $1 AND pipeline_id = $2;

-- name: plans
-- Every commit ever planned for a pipeline.
SELECT repo, branch, base_sha, commit_sha FROM commit_plans WHERE pipeline_id = $1 ORDER BY plan_id;

-- name: save_plan
-- A commit, kept before the branch is moved, and only while the lease is ours. No row: fenced.
WITH ours AS (
    SELECT pipeline_id FROM pipelines WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 FOR SHARE
)
INSERT INTO commit_plans (pipeline_id, lease_epoch, repo, branch, base_sha, commit_sha)
SELECT pipeline_id, $2, $4, $5, $6, $7 FROM ours
ON CONFLICT (pipeline_id, commit_sha) DO UPDATE SET lease_epoch = excluded.lease_epoch
RETURNING plan_id;

-- name: kept_files
-- The files of a promised record, for whoever finishes it.
SELECT path, content, executable FROM pipeline_artifacts WHERE pipeline_id = $1 ORDER BY path;

-- name: live_promises
-- How many promises wait, and how long the oldest has.
SELECT count(*) AS count, coalesce(extract(EPOCH FROM now() - min(coalesce(promised_at, created_at))), 0)::float8 AS oldest_s
FROM pipelines WHERE status IN ('generated', 'github_pending');

-- name: take_events
-- Lease events to publish: of each pipeline the first that waits, so that order holds whoever publishes the next.
WITH due AS (
    SELECT outbox_id FROM outbox
    WHERE
        published_at IS NULL AND parked_at IS NULL AND (taken_until IS NULL OR taken_until <= now())
        AND (pipeline_id IS NULL OR outbox_id = (  -- one look into the index, whatever the planner knows of the table
            SELECT first.outbox_id FROM outbox AS first
            WHERE first.pipeline_id = outbox.pipeline_id AND first.published_at IS NULL AND first.parked_at IS NULL
            ORDER BY first.outbox_id
            LIMIT 1
        ))
    ORDER BY outbox_id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET taken_until = now() + $2::interval, attempts = attempts + 1
FROM due
WHERE outbox.outbox_id = due.outbox_id
RETURNING outbox.outbox_id, event_id, org_id, pipeline_id, kind, payload, created_at, attempts;

-- name: mark_published
-- Events that the receiver has.
UPDATE outbox SET published_at = now(), taken_until = NULL
WHERE outbox_id = ANY($1::bigint[]) AND published_at IS NULL;

-- name: release_events
-- Give events back that were not published: the receiver is away.
UPDATE outbox SET taken_until = NULL
WHERE outbox_id = ANY($1::bigint[]) AND published_at IS NULL;

-- name: refuse_event
-- The receiver refused the event itself: again later, from 1 to 60 s, and parked at last so that others pass.
UPDATE outbox SET
    refusals = refusals + 1, refused_for = $2, taken_until = now() + least(60, power(2, least(refusals, 6))) * interval '1 s',
    parked_at = CASE WHEN refusals + 1 >= $3 THEN now() END
WHERE outbox_id = $1 AND published_at IS NULL
RETURNING parked_at IS NOT NULL AS parked, refusals;

-- name: roll_usage
-- Add usage events to the counters of their day, each once: counted and marked in one statement. One server at a time.
WITH sole AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(7235420302) AS ours
), due AS (
    SELECT usage_id FROM usage_events
    WHERE rolled_at IS NULL AND (SELECT ours FROM sole)
    ORDER BY usage_id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE usage_events SET rolled_at = now()
    FROM due
    WHERE usage_events.usage_id = due.usage_id
    RETURNING
        org_id, (at AT TIME ZONE 'UTC')::date AS day, kind, CASE kind WHEN 'model' THEN quantity ELSE 0 END AS tokens,
        coalesce((detail ->> 'micro_usd')::numeric, 0)::bigint AS micro_usd
), sums AS (
    SELECT org_id, day, kind, count(*) AS events, sum(tokens) AS tokens, sum(micro_usd) AS micro_usd
    FROM taken GROUP BY org_id, day, kind
), added AS (
    INSERT INTO usage_rollup AS kept (org_id, day, kind, events, tokens, micro_usd)
    SELECT org_id, day, kind, events, tokens, micro_usd FROM sums ORDER BY org_id, day, kind
    ON CONFLICT (org_id, day, kind) DO UPDATE SET
        events = kept.events + excluded.events, tokens = kept.tokens + excluded.tokens,
        micro_usd = kept.micro_usd + excluded.micro_usd
)
SELECT kind, sum(events)::bigint AS events, sum(tokens)::bigint AS tokens, sum(micro_usd)::bigint AS micro_usd
FROM sums GROUP BY kind;

-- name: usage_of
-- What an organisation used, by day and kind.
SELECT day, kind, events, tokens, micro_usd FROM usage_rollup
WHERE org_id = $1 AND day BETWEEN $2 AND $3
ORDER BY day DESC, kind;

-- name: unsealed_organisations
-- Whose audit log has rows that are not sealed yet; each gets its chain's head.
INSERT INTO audit_heads (org_id)
SELECT DISTINCT org_id FROM audit_logs WHERE seal_no IS NULL
ON CONFLICT (org_id) DO UPDATE SET org_id = excluded.org_id
RETURNING org_id, seal_no, hash;

-- name: unsealed_rows
-- Rows of one organisation to be sealed next.
SELECT
    audit_id, org_id, principal_id, pipeline_id, action, before, after, detail, trace_id, at, previous_hash, hash, seal_no
FROM audit_logs WHERE org_id = $1 AND seal_no IS NULL ORDER BY audit_id LIMIT $2;

-- name: seal
-- Put rows at the end of the chain: all of them and the head together, or nothing when another server was quicker.
WITH links AS (
    SELECT * FROM unnest($3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[]) AS link (audit_id, seal_no, previous_hash, hash)
), held AS (
    SELECT audit_logs.audit_id FROM audit_logs JOIN links USING (audit_id)
    WHERE audit_logs.org_id = $1 AND audit_logs.seal_no IS NULL
    FOR UPDATE OF audit_logs
), moved AS (
    UPDATE audit_heads SET seal_no = $7, hash = $8, sealed_at = now()
    WHERE org_id = $1 AND seal_no = $2 AND (SELECT count(*) FROM held) = cardinality($3::bigint[])
    RETURNING seal_no
)
UPDATE audit_logs SET seal_no = links.seal_no, previous_hash = links.previous_hash, hash = links.hash
FROM links, held, moved
WHERE audit_logs.audit_id = links.audit_id AND held.audit_id = links.audit_id
RETURNING audit_logs.audit_id;

-- name: chain
-- A stretch of one organisation's chain, in its order.
SELECT
    audit_id, org_id, principal_id, pipeline_id, action, before, after, detail, trace_id, at, previous_hash, hash, seal_no
FROM audit_logs WHERE org_id = $1 AND seal_no > $2 ORDER BY seal_no LIMIT $3;

-- name: chain_heads
-- The last link of every chain, or of one organisation's, and how many rows wait for theirs.
WITH RECURSIVE found AS (  -- one look into the index per organisation
    (SELECT org_id FROM audit_logs ORDER BY org_id LIMIT 1)
    UNION ALL
    SELECT (SELECT org_id FROM audit_logs WHERE org_id > found.org_id ORDER BY org_id LIMIT 1)
    FROM found WHERE found.org_id IS NOT NULL
), known AS (
    SELECT org_id FROM found WHERE org_id IS NOT NULL
    UNION
    SELECT org_id FROM audit_heads
)
SELECT
    org_id, coalesce(head.seal_no, 0) AS seal_no, coalesce(head.hash, '') AS hash, coalesce(waiting.unsealed, 0) AS unsealed
FROM known LEFT JOIN audit_heads AS head USING (org_id) LEFT JOIN (
    SELECT org_id, count(*) AS unsealed FROM audit_logs WHERE seal_no IS NULL GROUP BY org_id
) AS waiting USING (org_id)
WHERE $1::text IS NULL OR org_id = $1
ORDER BY org_id;

-- name: heads_to_export
-- Chains that grew by so many rows, or grew at all and were not told to the archive for that long.
SELECT org_id, seal_no, hash FROM audit_heads
WHERE seal_no > exported_no AND (seal_no - exported_no >= $1 OR exported_at <= now() - $2::interval)
ORDER BY org_id LIMIT 100;

-- name: mark_exported
-- The archive has the chain up to this link.
UPDATE audit_heads SET exported_no = greatest(exported_no, $2), exported_at = now() WHERE org_id = $1;

-- name: audit_page
-- A page of an organisation's audit log, newest first.
SELECT
    audit_id, org_id, principal_id, pipeline_id, action, before, after, detail, trace_id, at, previous_hash, hash, seal_no
FROM audit_logs WHERE org_id = $1 AND ($3::bigint IS NULL OR audit_id < $3) ORDER BY audit_id DESC LIMIT $2;

-- name: add_denials
-- What the gateway refused, each kind of refusal once with its number.
INSERT INTO audit_logs (org_id, principal_id, action, detail, trace_id)
SELECT org_id, principal_id, action, detail, trace_id
FROM json_to_recordset($1) AS refused (org_id text, principal_id text, action text, detail json, trace_id text);

-- name: archive_pending
-- Promised pipelines whose copy is not in the archive yet, oldest first; none that somebody works on.
SELECT pipeline_id FROM pipelines
WHERE audit_state = 'pending' AND (lease_until IS NULL OR lease_until <= now())
ORDER BY created_at LIMIT $1;

-- name: archive_settled
-- What became of a copy that was pending.
UPDATE pipelines SET audit_state = $2 WHERE pipeline_id = $1 AND audit_state = 'pending' RETURNING pipeline_id;

-- name: backlog
-- How much waits in the outbox, the audit log, the archive and the usage events, and for how long (seconds).
SELECT * FROM
    (
        SELECT
            count(*) AS outbox_unpublished,
            coalesce(extract(EPOCH FROM now() - min(created_at)), 0)::float8 AS outbox_age_s
        FROM outbox WHERE published_at IS NULL AND parked_at IS NULL
    ) AS events,
    (SELECT count(*) AS outbox_parked FROM outbox WHERE parked_at IS NOT NULL) AS parked,
    (
        SELECT count(*) AS audit_unsealed, coalesce(extract(EPOCH FROM now() - min(at)), 0)::float8 AS audit_unsealed_age_s
        FROM audit_logs WHERE seal_no IS NULL
    ) AS unsealed,
    (
        SELECT count(*) AS archive_pending, coalesce(extract(EPOCH FROM now() - min(created_at)), 0)::float8 AS audit_pending_age_s
        FROM pipelines WHERE audit_state = 'pending'
    ) AS copies,
    (SELECT count(*) AS usage_waiting FROM usage_events WHERE rolled_at IS NULL) AS used;
