//go:build wasip1 && !tinygo

package main

import _ "github.com/gatewarden/gatewarden/internal/stdgo" // the SDK's host
