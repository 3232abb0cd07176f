package config

// Table is the size of the two tables of counters. It bounds their memory, however
// many addresses attack. Danger: with another size, about half of the existing
// counters are lost.
type Table struct {
	// Clients is the number of counters of failures and of requests in flight; 1024
	// to 4194304. Default: 65536. Danger: a table that is too small evicts clients
	// that are not locked out; one that is full of locked-out clients counts no
	// others.
	Clients int
	// Quotas is the number of counters of quotas; 1024 to 4194304. Default: 65536.
	// Danger: a table that is too small evicts counters with a remaining allowance;
	// one that is full of used-up counters lets other requests pass uncounted.
	Quotas int
}

var oneTable Table

var tableFields = table[Table]{&oneTable, []field[Table]{
	{key: "clients", as: &integer{&oneTable.Clients, 1024, 4194304}},
	{key: "quotas", as: &integer{&oneTable.Quotas, 1024, 4194304}},
}}

func defaultTable() Table { return Table{Clients: 65536, Quotas: 65536} }
