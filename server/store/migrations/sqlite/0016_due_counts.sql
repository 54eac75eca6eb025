-- How many cases have something due on which day: what is late is counted by days, not by cases.
CREATE TABLE case_due_counts (
    department TEXT    NOT NULL,
    due_on     TEXT    NOT NULL,
    cases      INTEGER NOT NULL,
    PRIMARY KEY (department, due_on)
) STRICT, WITHOUT ROWID;
INSERT INTO case_due_counts (department, due_on, cases)
    SELECT department, due_on, COUNT(*) FROM case_rows WHERE due_on IS NOT NULL GROUP BY department, due_on;
