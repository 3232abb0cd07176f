module github.com/gatewarden/gatewarden/bench

// 1.25 is the floor of fortio, which makes the load.
go 1.25.0

replace github.com/gatewarden/gatewarden => ../

require (
	fortio.org/fortio v1.75.3
	fortio.org/log v1.18.3
	github.com/gatewarden/gatewarden v0.0.0
)

require (
	fortio.org/sets v1.3.0 // indirect
	fortio.org/struct2env v0.4.2 // indirect
	fortio.org/version v1.0.4 // indirect
	github.com/kortschak/goroutine v1.1.3 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
