package quotaservice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Report are the queries that answer most questions: what tenants have spent and have left
// in each window, and the end of the ledger.
var Report = []string{
	`SELECT a.tenant, a.window, u.window_start, a.credits_limit, u.committed, u.reserved AS not_settled,
		max(a.credits_limit - coalesce(u.committed + u.reserved, 0), 0) AS credits_left
	FROM accounts a LEFT JOIN usage u USING (tenant) ORDER BY a.tenant, u.window_start`,
	`SELECT time, tenant, subject, event, credits, tools FROM ledger ORDER BY id DESC LIMIT 20`,
}

// Query reads a database with SQL, and writes each result as a table. A service may be
// writing to the database meanwhile.
func Query(ctx context.Context, file string, out io.Writer, queries ...string) (err error) {
	source, err := dataSource(file, "ro")
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for i, query := range queries {
		if i > 0 {
			_, _ = fmt.Fprintln(out)
		}
		if err := writeResult(ctx, db, out, query); err != nil {
			return err
		}
	}
	return nil
}

func writeResult(ctx context.Context, db *sql.DB, out io.Writer, query string) (err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return writeTable(out, rows)
}

func writeTable(out io.Writer, rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, strings.Join(columns, "\t"))
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		line := make([]string, len(values))
		for i, v := range values {
			line[i] = v.String
		}
		_, _ = fmt.Fprintln(table, strings.Join(line, "\t"))
	}
	return errors.Join(rows.Err(), table.Flush())
}
