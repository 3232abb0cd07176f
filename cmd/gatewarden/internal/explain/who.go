package explain

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/client"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/route"
)

func (w *written) requestPart(r *Request, o *outcome) RequestPart {
	v := &o.view
	p := RequestPart{Method: v.Path.Method, Overrides: v.Path.Overrides, Path: shown(r.HTTP.Target), Removed: o.removed}
	p.Hosts, p.Host = v.Path.Hosts, hostSays(&v.Path)
	switch {
	case v.Document:
		p.Kind = "metadata document"
	case v.Preflight:
		p.Kind = "CORS preflight"
	case v.GRPC:
		p.Kind = "gRPC"
	case v.Form.IsWeb():
		p.Kind = "gRPC-Web"
	case v.Form.IsConnect():
		p.Kind = "Connect"
	}
	known := map[string]bool{}
	for _, reading := range v.Path.Readings {
		if key := reading.Host + " " + reading.Path; !known[key] {
			known[key] = true
			p.Readings = append(p.Readings, w.reading(reading, len(v.Path.Hosts) > 1))
		}
	}
	if len(r.Rewrites) > 0 && len(p.Readings) > 1 {
		p.Note = "Envoy changes such a path before the filter reads it (" + strings.Join(r.Rewrites, ", ") +
			"); here it is taken as it is written."
	}
	return p
}

// hostSays says how the host is read, where entries tell hosts apart.
func hostSays(v *route.View) string {
	switch {
	case !v.ByHost:
		return ""
	case len(v.Hosts) == 0:
		return "its host can be read in several ways: it may be any"
	}
	return "its host is " + strings.Join(v.Hosts, " or ")
}

// shown is a path without its query, which decides nothing and may have secrets in it.
func shown(target string) string {
	path, _, query := strings.Cut(target, "?")
	if query {
		return path + "?..."
	}
	return path
}

// reading says where a reading leads, with its host if there are several.
func (w *written) reading(r route.Reading, several bool) Reading {
	out := Reading{Path: r.Path}
	if several {
		out.Host = r.Host
	}
	if r.Exempt >= 0 {
		out.Exempt, out.Match = true, w.place("exempt[%d]", r.Exempt)+byHost(&w.Exempt[r.Exempt], r.Host)
	}
	for _, m := range r.Matches {
		entry := &w.Surfaces[m.Surface].Match[m.Match]
		name, place := w.Surfaces[m.Surface].Name, w.place("surfaces[%d].match[%d]", m.Surface, m.Match)+byHost(entry, r.Host)
		if m.Surface == r.Owner {
			out.Surface, out.Match = name, place
		} else {
			out.Later = append(out.Later, name+", "+place)
		}
	}
	return out
}

// byHost names the host of an entry that matches, "" if it lists none.
func byHost(m *config.Match, host string) string {
	for i := range m.Hosts {
		alone := config.Match{Hosts: m.Hosts[i : i+1]}
		if host != "" && alone.NamesHost(host) {
			return " by its host " + m.Hosts[i]
		}
	}
	return ""
}

func (w *written) surfacePart(o *outcome) SurfacePart {
	v := &o.view
	if v.Surface >= 0 {
		s := &w.Surfaces[v.Surface]
		return SurfacePart{
			Name: s.Name, Kind: kinds[s.Kind], Place: w.place("surfaces[%d]", v.Surface),
			Says: s.Name + ", of the kind " + kinds[s.Kind], Resource: w.resource(v.Surface),
		}
	}
	switch {
	case v.Path.TooLong:
		return SurfacePart{Says: "none: the path is too long to be read in several ways, so the request is refused"}
	case v.Path.AmbiguousHost:
		return SurfacePart{Says: "none: by its host the request may belong to " + strings.Join(w.names(v.Path.Surfaces), " and ") +
			". The client could choose between their counters, so the request is refused"}
	case v.Path.Ambiguous:
		return SurfacePart{Says: "none: the readings lead to " + strings.Join(w.names(v.Path.Surfaces), " and ") +
			". The client could choose between their counters, so the request is refused"}
	case v.Document:
		return SurfacePart{Says: "none: Gatewarden answers for this path itself (oauth.serve_metadata, authorization_server)"}
	case v.Path.Exempt:
		return SurfacePart{Says: "none: the request is exempt. It passes, and nothing is counted"}
	}
	return SurfacePart{Says: "none: no surface matches. The request passes, and nothing is counted"}
}

// resource says to which resource a surface belongs.
func (w *written) resource(surface int) string {
	at := w.ResourceOf(surface)
	switch {
	case len(w.OAuth) == 0 || !w.Surfaces[surface].Kind.IsResource():
		return ""
	case at < 0:
		return "It belongs to no resource of oauth, so a 401 leads no OAuth client on."
	}
	return "A 401 leads OAuth clients to the metadata of " + w.OAuth[at].Resource + " (" + w.resourcePlace(surface) + ")."
}

// resourcePlace returns the place of the resource that a surface belongs to.
func (w *written) resourcePlace(surface int) string {
	at := w.ResourceOf(surface)
	if w.OAuth[at].Alone {
		return "oauth"
	}
	return fmt.Sprintf("oauth[%d]", at)
}

// names returns the names of surfaces.
func (w *written) names(surfaces []int) (names []string) {
	for _, i := range surfaces {
		names = append(names, w.Surfaces[i].Name)
	}
	return names
}

func (w *written) clientPart(r *Request, v *filter.Explanation) ClientPart {
	c := &v.Client
	p := ClientPart{Source: w.source(c)}
	if c.Address.IsValid() {
		p.Address, p.Counted = c.Address.String(), c.Prefix.String()
	}
	if w.Client.Source == config.SourceXFF {
		p.Hops = hops(c)
	}
	if c.Allowed >= 0 {
		p.Allowed = fmt.Sprintf("client.allow[%d]", c.Allowed)
	}
	if r.From == "" {
		p.Notes = append(p.Notes, "The connection's address is made up; say --from ADDRESS.")
	}
	if w.Client.Source == config.SourceEnvoy && r.has("x-forwarded-for") {
		p.Notes = append(p.Notes, "X-Forwarded-For is not read here (client.source is \"envoy\"), but Envoy reads it unless "+
			"use_remote_address is true: without that, its last address is the client. --from is the address that Envoy trusts in the end.")
	}
	return p
}

func (r *Request) has(header string) bool {
	for _, line := range r.HTTP.Headers {
		if line[0] == header {
			return true
		}
	}
	return false
}

// source says where the client's address comes from.
func (w *written) source(c *client.View) string {
	header := map[config.Source]string{
		config.SourceXFF: "X-Forwarded-For", config.SourceXFFFirst: "X-Forwarded-For", config.SourceHeader: "the header " + w.Client.Header,
	}[w.Client.Source]
	switch {
	case c.Named.IsValid() && w.Client.Source == config.SourceXFFFirst:
		return "the left-most address in X-Forwarded-For, whoever wrote it"
	case c.Named.IsValid():
		return header
	case !c.Address.IsValid():
		return "no usable address: all such requests are one client"
	case header != "" && w.Client.Source == config.SourceHeader && !c.TrustedPeer:
		return "the address that Envoy trusts, because it is not in client.trusted_proxies and " + header + " is not trusted"
	case header != "":
		return "the address that Envoy trusts, because " + header + " names none"
	}
	return "the address that Envoy trusts"
}

// hops says how X-Forwarded-For was walked.
func hops(c *client.View) (lines []string) {
	for _, hop := range c.Hops {
		entry := strings.TrimSpace(hop.Entry)
		switch {
		case !hop.Address.IsValid():
			lines = append(lines, fmt.Sprintf("%q is no address: the walk ends before it", entry))
		case hop.Trusted:
			lines = append(lines, entry+" is in client.trusted_proxies")
		default:
			lines = append(lines, entry+" is not: it is the client; entries left of it are not read")
		}
	}
	return lines
}

func credentialPart(v *filter.Explanation) CredentialPart {
	c := &v.Credential
	p := CredentialPart{Present: c.Present}
	if !c.Present {
		p.Says = []string{"none"}
	}
	for _, at := range c.Places {
		p.Says = append(p.Says, carried(at))
	}
	if c.Present && !c.Clear {
		p.Says = append(p.Says, "There is more than one, or its form is ambiguous: no identity source can verify it.")
	}
	switch {
	case v.Accounts == 1:
		p.Says = append(p.Says, "It attempts an account.")
	case v.Accounts > 1:
		p.Says = append(p.Says, fmt.Sprintf("It attempts %d accounts.", v.Accounts))
	}
	if c.Present && v.Options {
		p.Says = append(p.Says, "It asks for OPTIONS, so a successful response does not prove the credential.")
	}
	return p
}

func carried(c credential.Place) string {
	where := map[caller.Carrier]string{
		caller.InHeader: "in the header ", caller.InCookie: "in the cookie ", caller.InQuery: "in the query, as ",
		caller.InProtocol: "in Sec-WebSocket-Protocol, after ",
	}[c.Carrier] + c.Name
	if c.Scheme != "" {
		return where + ": " + c.Scheme + " and " + some(int64(c.Length), "character")
	}
	return where + ": " + some(int64(c.Length), "character")
}
