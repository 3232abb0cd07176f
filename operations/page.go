package operations

import _ "embed" // the page

// page is the whole page, with its style and script. It has no data in it.
//
//go:embed page.html
var page string

// contentSecurityPolicy lets the page run its own style and script, which it names by
// their hashes, and reach this endpoint; nothing else. A test holds the hashes to the
// page.
// See https://www.w3.org/TR/CSP3/
const contentSecurityPolicy = "default-src 'none'; connect-src 'self'; img-src data:; " +
	"script-src 'sha256-MU4n8sNLh1Fkb2ptpy6dFUpxKD4tRbVdcdDDoOZ8pjM='; " +
	"style-src 'sha256-W2YtMCOv+t35rygV6B+GDDkxJlXn65xgOArAzr82uSk='; " +
	"require-trusted-types-for 'script'; trusted-types 'none'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
