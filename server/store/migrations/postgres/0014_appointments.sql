-- The same tables as the file of this number for SQLite.
-- The appointment of a case, for calendars: the slot confirmed last, and whether it stands.
ALTER TABLE case_rows ADD COLUMN slot_from BIGINT;
ALTER TABLE case_rows ADD COLUMN slot_until BIGINT;
ALTER TABLE case_rows ADD COLUMN slot_stands BIGINT CHECK (slot_stands IN (0, 1));

-- A calendar is told of sessions and of cases.
ALTER TABLE calendar_revisions DROP CONSTRAINT calendar_revisions_session_fkey;
ALTER TABLE calendar_revisions RENAME COLUMN session TO about;
