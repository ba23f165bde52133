-- Since when a promise waits: since it was made, or since its user took it up again. A day is counted from here, and not
-- from the record's birth: a record may be resumed long after that (BEHAVIOUR.md §2.1).
ALTER TABLE pipelines ADD COLUMN promised_at timestamptz;
-- Address of the pull request that a delivery opened or renewed.
ALTER TABLE pipelines ADD COLUMN pull_request text;
