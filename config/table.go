package config

// Table is the size of the counter tables.
type Table struct {
	// Clients is how many counters of failures there are, Quotas how many of
	// quotas.
	Clients, Quotas int
}

var tableFields = []field[Table]{
	{key: "clients", read: func(v value, t *Table) { readInteger(v, &t.Clients, 1024, 4194304) }},
	{key: "quotas", read: func(v value, t *Table) { readInteger(v, &t.Quotas, 1024, 4194304) }},
}

func defaultTable() Table { return Table{Clients: 65536, Quotas: 65536} }
