-- What a promise owes, kept so that anybody can finish it (BEHAVIOUR.md §2.1).

-- where the files go and what is told of them (domain/deliveries.py: DeliveryOrder); NULL before the promise
ALTER TABLE pipelines ADD COLUMN delivery json;
-- deliveries that ended without success; recoveries counts only those whose worker was never heard of again
ALTER TABLE pipelines ADD COLUMN delivery_attempts integer NOT NULL DEFAULT 0;

CREATE INDEX pipelines_promised ON pipelines (created_at) WHERE status IN ('generated', 'github_pending');
