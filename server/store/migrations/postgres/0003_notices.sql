-- The same columns as the file of this number for SQLite.

ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'other';
ALTER TABLE outbox ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN case_id TEXT COLLATE "C" REFERENCES cases (id);
ALTER TABLE outbox ADD COLUMN expires_at BIGINT;
-- Set while it is with the sender: found so later, nobody knows whether it went out.
ALTER TABLE outbox ADD COLUMN begun_at BIGINT;
ALTER TABLE outbox ADD COLUMN uncertain BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN channel TEXT;
ALTER TABLE outbox ADD COLUMN gateway_id TEXT;
ALTER TABLE outbox ADD COLUMN failed_at BIGINT;
ALTER TABLE outbox ADD COLUMN error_class TEXT;
CREATE INDEX outbox_by_case ON outbox (case_id, id);
CREATE INDEX outbox_by_recipient ON outbox (recipient, delivered_at);
CREATE INDEX sessions_by_case ON sessions (case_id);
