package contract

func propertyCases() []Case {
	return []Case{
		one("properties: of the request", with(get, "x-c-a", "1", "x-c-a", "2"), report(
			`request property request.path OK "/x"`, `request property request.url_path OK "/x"`,
			`request property request.query OK ""`,
			`request property request.method OK "GET"`, `request property request.host OK "contract.example"`,
			`request property request.scheme OK "http"`, `request property request.protocol OK "HTTP/1.1"`,
			`request property request.headers.x-c-a OK "1,2"`, `request property request.headers.x-c-none NotFound ""`,
			`request property request.size OK 0`, `request property request.duration NotFound ""`,
			`request property response.code NotFound ""`, `request property response.code_details NotFound ""`,
			`request property connection.mtls OK "\x00"`, `request property connection.requested_server_name OK ""`,
			`request property connection.tls_version NotFound ""`,
			`request property none NotFound ""`, `request property request.none NotFound ""`, `request property route_name NotFound ""`,
			`request property plugin_name OK "contract"`, `request property plugin_root_id OK "root"`, `request property plugin_vm_id OK "contract-vm"`,
		), in("request", "property", "text", "request", "path"), in("request", "property", "text", "request", "url_path"),
			in("request", "property", "text", "request", "query"),
			in("request", "property", "text", "request", "method"), in("request", "property", "text", "request", "host"),
			in("request", "property", "text", "request", "scheme"), in("request", "property", "text", "request", "protocol"),
			in("request", "property", "text", "request", "headers", "x-c-a"), in("request", "property", "text", "request", "headers", "x-c-none"),
			in("request", "property", "int", "request", "size"), in("request", "property", "text", "request", "duration"),
			in("request", "property", "int", "response", "code"), in("request", "property", "text", "response", "code_details"),
			in("request", "property", "text", "connection", "mtls"), in("request", "property", "text", "connection", "requested_server_name"),
			in("request", "property", "text", "connection", "tls_version"),
			in("request", "property", "text", "none"), in("request", "property", "text", "request", "none"), in("request", "property", "text", "route_name"),
			in("request", "property", "text", "plugin_name"), in("request", "property", "text", "plugin_root_id"), in("request", "property", "text", "plugin_vm_id")),
		one("properties: source.address is an address and a port", with(get, "x-forwarded-for", "192.0.2.7"), report(
			`request property source.address OK "192.0.2.7:0"`, `request property source.port OK 0`,
			`response property source.address OK "192.0.2.7:0"`, `log property source.address OK "192.0.2.7:0"`,
		), in("request", "property", "text", "source", "address"), in("request", "property", "int", "source", "port"),
			in("response", "property", "text", "source", "address"), in("log", "property", "text", "source", "address")),
		one("properties: source.address of IPv6 has brackets", with(get, "x-forwarded-for", "2001:db8::7"), report(
			`request property source.address OK "[2001:db8::7]:0"`,
		), in("request", "property", "text", "source", "address")),
		one("properties: of the response", with(get, "x-echo-status", "401", "x-echo-header", "x-r=1", "x-echo-header", "x-r=2"), Want{Status: 401, Report: []string{
			`response property response.code OK 401`, `response property response.code_details OK "via_upstream"`,
			`response property response.headers.x-r OK "1,2"`, `response property response.headers.x-none NotFound ""`,
			`log property response.code OK 401`, `log property response.code_details OK "via_upstream"`,
			`log property response.headers.x-r OK "1,2"`, `log property request.size OK 0`,
		}}, in("response", "property", "int", "response", "code"), in("response", "property", "text", "response", "code_details"),
			in("response", "property", "text", "response", "headers", "x-r"), in("response", "property", "text", "response", "headers", "x-none"),
			in("log", "property", "int", "response", "code"), in("log", "property", "text", "response", "code_details"),
			in("log", "property", "text", "response", "headers", "x-r"), in("log", "property", "int", "request", "size")),
		one("properties: one that is set is read back", get, report(
			`request set-property OK`, `request property reason OK "a"`, `request set-property OK`,
			`response property reason OK "b"`, `log property reason OK "b"`,
			`log set-property OK`, `log property reason OK "c"`,
		), in("request", "set-property", "reason", "a"), in("request", "property", "text", "reason"), in("request", "set-property", "reason", "b"),
			in("response", "property", "text", "reason"), in("log", "property", "text", "reason"),
			in("log", "set-property", "reason", "c"), in("log", "property", "text", "reason")),
		one("properties: one of two parts cannot be read back", get, report(
			`request set-property OK`, `request property a.b NotFound ""`, `request set-property OK`, `request property dotted.name OK "w"`,
		), in("request", "set-property", "a\x00b", "v"), in("request", "property", "text", "a", "b"),
			in("request", "set-property", "dotted.name", "w"), in("request", "property", "text", "dotted.name")),
	}
}
