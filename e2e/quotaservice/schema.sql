-- Times are UTC, as in 2026-11-29T17:15:00.123Z, and windows are called by their first instant.

-- What each tenant may spend. It may be changed while the service runs.
CREATE TABLE IF NOT EXISTS accounts (
	tenant        TEXT PRIMARY KEY,
	credits_limit INTEGER NOT NULL CHECK (credits_limit >= 0),
	window        TEXT NOT NULL -- day, month, or a duration such as 1h
) STRICT;

-- What is reserved and spent of a tenant's window.
CREATE TABLE IF NOT EXISTS usage (
	tenant       TEXT NOT NULL,
	window_start TEXT NOT NULL,
	reserved     INTEGER NOT NULL CHECK (reserved >= 0),
	committed    INTEGER NOT NULL CHECK (committed >= 0),
	PRIMARY KEY (tenant, window_start)
) STRICT, WITHOUT ROWID;

-- The state of each reservation. A key that was refunded before its request to reserve
-- arrived has neither a tenant nor a window, and reserves 0 credits.
CREATE TABLE IF NOT EXISTS reservations (
	key          TEXT PRIMARY KEY,
	state        TEXT NOT NULL CHECK (state IN ('reserved', 'committed', 'refunded', 'expired')),
	tenant       TEXT NOT NULL,
	subject      TEXT NOT NULL,
	surface      TEXT NOT NULL,
	tools        TEXT NOT NULL, -- JSON: the calls, with what each costs
	request      TEXT NOT NULL, -- JSON: the whole request, for comparison
	reserved     INTEGER NOT NULL,
	committed    INTEGER NOT NULL DEFAULT 0,
	window_start TEXT NOT NULL,
	expires_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS reservations_open ON reservations (expires_at) WHERE state = 'reserved';

-- Each movement of credits. For each key, what is reserved is committed, refunded and
-- expired in the end. Nothing is changed or deleted.
CREATE TABLE IF NOT EXISTS ledger (
	id      INTEGER PRIMARY KEY,
	time    TEXT NOT NULL,
	key     TEXT NOT NULL,
	tenant  TEXT NOT NULL,
	subject TEXT NOT NULL,
	event   TEXT NOT NULL CHECK (event IN ('reserved', 'committed', 'refunded', 'expired')),
	credits INTEGER NOT NULL CHECK (credits > 0),
	surface TEXT NOT NULL,
	tools   TEXT NOT NULL
) STRICT;

CREATE TRIGGER IF NOT EXISTS ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'nothing in the ledger is changed'); END;

CREATE TRIGGER IF NOT EXISTS ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'nothing in the ledger is deleted'); END;
