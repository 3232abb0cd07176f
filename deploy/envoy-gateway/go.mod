module github.com/gatewarden/gatewarden/deploy/envoy-gateway

go 1.25.0
