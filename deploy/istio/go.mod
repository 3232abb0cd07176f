module github.com/gatewarden/gatewarden/deploy/istio

go 1.25.0
