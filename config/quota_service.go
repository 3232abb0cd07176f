package config

import (
	"strings"
)

// QuotaService is a service that keeps budgets in credits outside of the proxy. The filter
// reserves there what the MCP calls of a request cost, and settles it by the answer. See
// docs/quota-service.yaml for the protocol. Times are in milliseconds.
type QuotaService struct {
	// Name identifies the budgets in replies, metrics and logs, as that of a quota does.
	// Default: "credits".
	Name string
	// Surfaces that it applies to, by name. Empty means all that mcp applies to, the
	// default.
	Surfaces []string
	// Cluster is the name of the service's cluster in Envoy. Required. Danger: with a name
	// that Envoy does not know, no call that costs something passes.
	Cluster string
	// Scheme, Authority and Path are the parts of the service's URL. Required.
	Scheme, Authority, Path string
	// Token is sent as a Bearer token. It stands in the configuration or in a variable of
	// the environment. Required. Danger: in the configuration, Envoy's /config_dump shows it.
	Token string
	// Timeout limits how long the filter waits for an answer; 1 s to [MaxTimeout]. Default:
	// 1 s. Danger: with the retries, a call waits so much longer while the service hangs.
	Timeout int64
	// Retries is how often a reservation without an answer is asked for again, 0 to 3.
	// Default: 1.
	Retries int
	// Lifetime is how long a reservation holds; 1 minute to 1 day. Default: 10 minutes.
	// Danger: a call that takes longer is not paid.
	Lifetime int64
	// Mode says what follows when a budget has not enough or the service does not answer.
	// Danger: in ModeShadow, requests wait for the service all the same.
	Mode Mode
}

const (
	maxRetries  = 3
	minLifetime = minute

	quotaServiceURL    = "https://quota.example.com/v1"
	quotaServiceRemedy = `write for example {"cluster": "quota", "url": "` + quotaServiceURL + `", "token_env": "QUOTA_TOKEN"}`
)

// serviceDraft is a quota service while it is read.
type serviceDraft struct {
	QuotaService
	tokenVariable string
}

var oneServiceDraft serviceDraft

var quotaServiceFields = table[serviceDraft]{&oneServiceDraft, []field[serviceDraft]{
	{key: "name", as: &text{&oneServiceDraft.Name, readQuotaName}},
	{key: "surfaces", as: &textList{into: &oneServiceDraft.Surfaces, each: anyText, empty: "leave it out for all surfaces that mcp applies to"}},
	{key: "endpoint", required: quotaServiceRemedy, object: of(&quotaEndpointFields), read: func(v *value, s *serviceDraft) {
		readObject(v, &quotaEndpointFields, s)
		if v.isObject() {
			v.checkOneSecret("token", "token_env", "QUOTA_TOKEN")
		}
	}},
	{key: "lifetime", read: func(v *value, s *serviceDraft) {
		v.duration(&s.Lifetime, "10m")
		if s.Lifetime != unreadable && (s.Lifetime < minLifetime || s.Lifetime > day) {
			v.bad(`%q is out of range; write "1m" to "1d"`, v.json.Str)
		}
	}},
	{key: "mode", as: &oneOf{(*uint8)(&oneServiceDraft.Mode), modes}},
}}

var quotaEndpointFields = table[serviceDraft]{&oneServiceDraft, []field[serviceDraft]{
	{key: "cluster", required: `write the name of the quota service's cluster, for example "quota"`, as: &textAs{&oneServiceDraft.Cluster, readPlain, "quota"}},
	{key: "url", required: `write for example "` + quotaServiceURL + `"`, read: readQuotaServiceURL},
	{key: "token", as: &textAs{&oneServiceDraft.Token, secretText, "token_env"}},
	{key: "token_env", as: &textAs{&oneServiceDraft.tokenVariable, readPlain, "QUOTA_TOKEN"}},
	{key: "timeout", as: &timeout{&oneServiceDraft.Timeout, "1s"}},
	{key: "retries", as: &integer{&oneServiceDraft.Retries, 0, maxRetries}},
}}

func readQuotaService(v *value) (s *QuotaService, tokenVariable string) {
	d := serviceDraft{QuotaService: QuotaService{Name: "credits", Timeout: second, Retries: 1, Lifetime: 10 * minute}}
	readObject(v, &quotaServiceFields, &d)
	return &d.QuotaService, d.tokenVariable
}

// readQuotaServiceURL reads the URL that the paths of the protocol are appended to.
func readQuotaServiceURL(v *value, s *serviceDraft) {
	e, ok := v.endpoint(quotaServiceURL)
	switch {
	case !ok:
	case strings.Contains(e.path, "?"):
		v.bad("%q has a query; remove it", v.json.Str)
	case pathProblem(e.path) != "":
		v.bad("%q %s", v.json.Str, pathProblem(e.path))
	default:
		s.Scheme, s.Authority, s.Path = e.scheme, e.authority, strings.TrimSuffix(e.path, "/")
	}
}

// checkQuotaService checks the service against the surfaces and the quotas.
func (d *draft) checkQuotaService(out *violations) {
	s := d.QuotaService
	for i := range d.Quotas {
		if s.Name != "" && d.Quotas[i].Name == s.Name {
			out.add(at("quota_service.name"), "%q is the name of %s; choose another", s.Name, quotaPath(i, "").String())
		}
	}
	names, read := d.surfaceNames()
	if !read {
		return
	}
	for i, name := range s.Surfaces {
		if indexOf(names, name) < 0 {
			out.unknown(at(element("quota_service.surfaces", i)), name, names, "surface")
			return
		}
	}
	if s.Mode != ModeOff && !d.paysFor(s.Surfaces) {
		out.add(at("quota_service"), "pays for MCP calls, but mcp applies to none of its surfaces; add mcp, or remove it")
	}
}
