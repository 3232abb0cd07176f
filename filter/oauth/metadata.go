package oauth

import (
	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
)

// wellKnown is where a protected resource's metadata is found (RFC 9728 section 3).
const wellKnown = "/.well-known/oauth-protected-resource"

// describe serves the metadata of a resource, by its place in the configuration: at its
// own location, and at the root location of its host if it describes that. There,
// "resource" is the host, because it must be the identifier from which the location was
// derived (RFC 9728 section 3.3).
// See RATIONALE.md, "Why does the document of a host name the host?"
func (r *Room) describe(c *config.Config, resource int) {
	o := &c.OAuth[resource]
	if !o.ServeMetadata {
		return
	}
	host, path := config.SplitResource(o.Resource)
	own := newOrigin(o.Resource)
	r.publish(wellKnown+path, own, &Document{body: metadata(o, o.Resource)})
	if path != "" && c.DescribesHost(resource) {
		r.publish(wellKnown, own, &Document{body: metadata(o, host)})
	}
}

// metadataURL returns the location of a resource's metadata: the well-known path comes
// between the host and the path of its identifier (RFC 9728 section 3.1).
func metadataURL(resource string) string {
	origin, path := config.SplitResource(resource)
	return origin + wellKnown + path
}

// metadata returns the JSON document. It leaves members without a value out (RFC 9728
// section 3.2).
func metadata(o *config.OAuth, resource string) []byte {
	b := []byte(`{"resource":`)
	b = appendString(b, resource)
	b = appendList(b, "authorization_servers", o.AuthorizationServers)
	b = appendList(b, "scopes_supported", o.ScopesSupported)
	b = append(b, `,"bearer_methods_supported":["header"]`...)
	b = appendMember(b, "resource_name", o.ResourceName)
	b = appendMember(b, "resource_documentation", o.ResourceDocumentation)
	return append(b, '}')
}

func appendString(b []byte, text string) []byte { return gjson.AppendJSONString(b, text) }

func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, `,"`+name+`":`...)
	return appendString(b, value)
}

func appendList(b []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(b, `,"`+name+`":[`...)
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, v)
	}
	return append(b, ']')
}
