//go:build products

package deploy

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/config/mesh"
)

// meshWithAuthorizer is Istio's default mesh with an external authorizer that a
// policy can name.
func meshWithAuthorizer() *meshconfig.MeshConfig {
	m := mesh.DefaultMeshConfig()
	m.ExtensionProviders = append(m.ExtensionProviders, &meshconfig.MeshConfig_ExtensionProvider{
		Name: "asked",
		Provider: &meshconfig.MeshConfig_ExtensionProvider_EnvoyExtAuthzHttp{
			EnvoyExtAuthzHttp: &meshconfig.MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationHttpProvider{
				Service: "authorizer.example.com", Port: 80,
			},
		},
	})
	return m
}
