// Package envoygateway has the manifests of this folder, as "gatewarden add" prints them with
// other names. It is a module of its own so that the command line does not need what the
// tests of deploy do.
package envoygateway

import "embed"

// Files are the manifests, by their names.
//
//go:embed *.yaml
var Files embed.FS
