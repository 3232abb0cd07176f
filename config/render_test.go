package config

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
)

type object map[string]any

// render writes a configuration as JSON with all its fields.
func render(c *Config) []byte {
	if c.Admin != nil {
		return marshalIndent(renderAdmin(c))
	}
	root := object{
		"client": object{
			"source": sourceWord(&c.Client), "trusted_proxies": texts(c.Client.TrustedProxies),
			"ipv4_prefix": c.Client.IPv4Prefix, "ipv6_prefix": c.Client.IPv6Prefix, "allow": texts(c.Client.Allow),
		},
		"credentials": object{
			"headers": texts(c.Credentials.Headers), "cookies": texts(c.Credentials.Cookies),
			"query": texts(c.Credentials.Query), "websocket_protocols": texts(c.Credentials.WebSocketProtocols),
		},
		"exempt":   renderMatches(c.Exempt),
		"surfaces": renderSurfaces(c.Surfaces),
		"cors":     object{"origins": texts(c.CORS.Origins)},
		"log":      renderLog(&c.Log),
		"table":    object{"clients": c.Table.Clients, "quotas": c.Table.Quotas},
		"quotas":   renderQuotas(c.Quotas),
		"headers":  object{"x_ratelimit": [...]string{"delta", "epoch", "off"}[c.Headers.XRateLimit]},

		"identity": renderIdentity(c.Identity), "untrusted_headers": texts(c.UntrustedHeaders),

		"concurrency": renderConcurrency(c.Concurrency),
	}
	if c.HeadersStopIteration != StopIterationUnknown {
		root["allow_on_headers_stop_iteration"] = c.HeadersStopIteration == StopIterationAllowed
	}
	root["burst"] = object{"hold": "off"}
	if c.Burst.Hold > 0 {
		root["burst"] = object{"hold": formatDuration(c.Burst.Hold)}
	}
	if b := c.Bypass; b.Header != "" {
		root["bypass"] = object{"header": b.Header, "roles": b.Roles}
	}
	if c.CORS.Any {
		root["cors"] = object{"origins": []string{"*"}}
	}
	if s := renderScopes(&c.Scopes); len(s) > 0 {
		root["scopes"] = s
	}
	if c.MCP != nil {
		root["mcp"] = renderMCP(c.MCP)
	}
	if c.QuotaService != nil {
		root["quota_service"] = renderQuotaService(c.QuotaService)
	}
	if c.Fleet != nil {
		root["fleet"] = renderFleet(c.Fleet)
	}
	if c.Audit != nil {
		root["audit"] = renderAudit(c.Audit)
	}
	if len(c.OAuth) > 0 {
		root["oauth"] = renderResources(c.OAuth)
	}
	if len(c.AuthorizationServers) > 0 {
		root["authorization_server"] = renderServers(c.AuthorizationServers)
	}
	return marshalIndent(root)
}

func marshalIndent(root object) []byte {
	out, err := json.MarshalIndent(root, "", " ")
	if err != nil {
		panic(err)
	}
	return out
}

func renderQuotaService(s *QuotaService) object {
	o := object{
		"name": s.Name, "lifetime": formatDuration(s.Lifetime), "mode": [...]string{"enforce", "shadow", "off"}[s.Mode],
		"endpoint": object{
			"cluster": s.Cluster, "url": s.Scheme + "://" + s.Authority + s.Path, "token": s.Token,
			"timeout": formatDuration(s.Timeout), "retries": s.Retries,
		},
	}
	if len(s.Surfaces) > 0 {
		o["surfaces"] = s.Surfaces
	}
	return o
}

func renderFleet(f *Fleet) object {
	o := object{
		"cluster": f.Cluster, "domain": f.Domain, "secret": f.Secret,
		"timeout": formatMilliseconds(f.Timeout), "refresh": formatDuration(f.Refresh),
	}
	if f.Replicas > 0 {
		o["replicas"] = f.Replicas
	}
	rules := []object{}
	for _, r := range f.Rules {
		rule := object{
			"rule": r.Rule.String(), "mode": [...]string{"async", "first", "sync"}[r.Mode], "on_error": [...]string{"local", "open", "closed"}[r.OnError],
		}
		if len(r.Surfaces) > 0 {
			rule["surfaces"] = r.Surfaces
		}
		if len(r.Names) > 0 {
			rule["names"] = r.Names
		}
		rules = append(rules, rule)
	}
	o["rules"] = rules
	return o
}

func renderLog(l *Log) object {
	return object{"client": [...]string{"full", "truncated", "hash"}[l.Client], "per_second": l.PerSecond}
}

func renderAudit(a *Audit) object {
	sample := object{}
	for i, part := range a.Sample {
		sample[AuditOutcome(i).String()] = part
	}
	return object{"sample": sample, "lines_per_second": a.LinesPerSecond, "identity": [...]string{"clear", "hash"}[a.Identity]}
}

// renderAdmin writes the configuration of an operations endpoint.
func renderAdmin(c *Config) object {
	tokens := []object{}
	for _, t := range c.Admin.Tokens {
		tokens = append(tokens, object{"id": t.ID, "sha256": hex.EncodeToString(t.SHA256[:])})
	}
	admin := object{"tokens": tokens}
	if len(c.Admin.Hosts) > 0 {
		admin["hosts"] = c.Admin.Hosts
	}
	return object{"admin": admin, "log": renderLog(&c.Log)}
}

func sourceWord(c *Client) string {
	if c.Source == SourceHeader {
		return "header:" + c.Header
	}
	return [...]string{"envoy", "xff", "xff-first"}[c.Source]
}

// texts copies a list, so that a nil one becomes an empty one and not null in JSON.
func texts[T any](list []T) []T {
	return append([]T{}, list...)
}

func renderMatches(list []Match) []object {
	out := []object{}
	for _, m := range list {
		o := object{"path": m.Path}
		if m.Prefix {
			o = object{"prefix": m.Path}
		}
		if len(m.Methods) > 0 {
			o["methods"] = m.Methods
		}
		if len(m.Hosts) > 0 {
			o["hosts"] = m.Hosts
		}
		out = append(out, o)
	}
	return out
}

func renderSurfaces(list []Surface) []object {
	out := []object{}
	for _, s := range list {
		out = append(out, object{
			"name":  s.Name,
			"kind":  [...]string{"api", "mcp", "oauth-token", "oauth-consent", "login"}[s.Kind],
			"match": renderMatches(s.Match), "lockout": renderLockout(&s.Lockout), "require": s.Require,
		})
	}
	return out
}

func renderConcurrency(list []Concurrency) []object {
	out := []object{}
	for _, c := range list {
		o := object{
			"name": c.Name, "per": [...]string{"surface", "identity", "all"}[c.Per], "limit": c.Limit,
			"retry_after": formatDuration(c.RetryAfter), "mode": [...]string{"enforce", "shadow", "off"}[c.Mode],
		}
		if len(c.Surfaces) > 0 {
			o["surfaces"] = c.Surfaces
		}
		out = append(out, o)
	}
	return out
}

func renderIdentity(list []Identity) []object {
	out := []object{}
	for _, s := range list {
		o := object{"source": [...]string{"metadata", "headers", "api_keys", "accepted", "introspection"}[s.Kind]}
		put := func(key string, value any, there bool) {
			if there {
				o[key] = value
			}
		}
		c, h := s.Claims, s.Headers
		put("filter", s.Filter, s.Kind == IdentityMetadata)
		for key, way := range map[string][]string{"subject": c.Subject, "tenant": c.Tenant, "tier": c.Tier, "scopes": c.Scopes, "roles": c.Roles, "audience": c.Audience} {
			put(key, way, len(way) > 0)
		}
		for key, name := range map[string]string{"subject": h.Subject, "tenant": h.Tenant, "tier": h.Tier, "scopes": h.Scopes, "roles": h.Roles, "audience": h.Audience} {
			put(key, name, name != "")
		}
		put("keys", renderKeys(s.Keys), s.Kind == IdentityAPIKeys)
		put("for", formatDuration(s.For), s.Kind == IdentityAccepted)
		if s.Kind == IdentityIntrospection {
			renderIntrospection(&s.Introspection, put)
		}
		put("default_tier", s.DefaultTier, s.DefaultTier != "")
		out = append(out, o)
	}
	return out
}

func renderIntrospection(i *Introspection, put func(string, any, bool)) {
	put("endpoint", object{
		"cluster": i.Cluster, "url": i.Scheme + "://" + i.Authority + i.Path, "timeout": formatDuration(i.Timeout),
		"auth":      [...]string{"client_secret_basic", "client_secret_post"}[i.Auth],
		"client_id": i.ClientID, "client_secret": i.ClientSecret,
	}, true)
	put("audience", i.Audience, i.Audience != "")
	put("cache", object{"for": formatDuration(i.For), "inactive_for": formatDuration(i.InactiveFor), "entries": i.Entries}, true)
	put("on_error", [...]string{"deny", "anonymous"}[i.OnError], true)
}

func renderKeys(list []APIKey) []object {
	out := []object{}
	for _, k := range list {
		o := object{"id": k.ID, "sha256": hex.EncodeToString(k.SHA256[:]), "subject": k.Subject, "scopes": texts(k.Scopes), "roles": texts(k.Roles)}
		for key, text := range map[string]string{"tenant": k.Tenant, "tier": k.Tier} {
			if text != "" {
				o[key] = text
			}
		}
		if k.Expires > 0 {
			o["expires"] = time.UnixMilli(k.Expires).UTC().Format(time.RFC3339)
		}
		out = append(out, o)
	}
	return out
}

func renderLockout(l *Lockout) object {
	o := object{
		"failures": l.Failures, "window": formatDuration(l.Window),
		"count_anonymous": l.CountAnonymous, "reset_on_success": l.ResetOnSuccess,
		"mode":    [...]string{"enforce", "shadow", "off"}[l.Mode],
		"repeats": "count",
	}
	if l.CountOnce {
		o["repeats"] = "once"
	}
	renderOutcome(l, o)
	if l.Duration > 0 {
		o["duration"] = formatDuration(l.Duration)
	}
	if e := l.Escalate; e.Factor > 0 {
		o["escalate"] = object{"factor": e.Factor, "max": formatDuration(e.Max), "forget": formatDuration(e.Forget)}
	}
	if l.Pending > 0 {
		o["pending"] = l.Pending
	}
	if k := l.KnownGood; k.For > 0 {
		o["known_good"] = object{"for": formatDuration(k.For), "failures": k.Failures}
	}
	if w := l.Wide; w.Failures > 0 {
		o["wide"] = object{"ipv4_prefix": w.IPv4Prefix, "ipv6_prefix": w.IPv6Prefix, "failures": w.Failures}
	}
	keys := []object{}
	for _, k := range l.Keys {
		per := []string{[...]string{"", "account", "credential"}[k.By]}
		if k.Client {
			per = append(per, "client")
		}
		action := "slow"
		if k.Lock {
			action = "lock"
		}
		keys = append(keys, object{"per": per, "failures": k.Failures, "window": formatDuration(k.Window), "action": action})
	}
	o["keys"], o["account_fields"] = keys, l.AccountFields
	if st := l.Stuffing; st.Credentials > 0 {
		action := "report"
		if st.Lock {
			action = "lock"
		}
		o["stuffing"] = object{"credentials": st.Credentials, "window": formatDuration(st.Window), "action": action}
	}
	if sp := l.Spraying; sp.Clients > 0 {
		action := "report"
		if sp.Slow {
			action = "slow"
		}
		o["spraying"] = object{"clients": sp.Clients, "window": formatDuration(sp.Window), "action": action}
	}
	if l.Jitter > 0 {
		o["jitter"] = formatDuration(l.Jitter)
	}
	return o
}

func renderOutcome(l *Lockout, o object) {
	if l.Statuses != nil {
		o["statuses"] = l.Statuses
	}
	if l.TokenErrors != nil {
		o["token_errors"] = l.TokenErrors
	}
	if l.FailuresWhen != nil {
		o["failures_when"] = renderConditions(l.FailuresWhen)
	}
	if l.SucceededWhen != nil {
		o["succeeded_when"] = renderConditions(l.SucceededWhen)
	}
}

func renderConditions(list []Condition) (out []object) {
	for _, c := range list {
		o := object{}
		statuses := []any{}
		for _, n := range c.Statuses {
			if n < 10 {
				statuses = append(statuses, strconv.Itoa(n)+"xx")
			} else {
				statuses = append(statuses, n)
			}
		}
		if len(statuses) > 0 {
			o["status"] = statuses
		}
		if h := c.Header; h.Name != "" {
			o["header"] = object{"name": h.Name, [...]string{"equals", "prefix", "contains"}[h.Where]: h.Text}
		}
		if j := c.JSON; len(j.Path) > 0 {
			values := []any{}
			for _, v := range j.Values {
				if v.IsString {
					values = append(values, v.Text)
				} else {
					values = append(values, json.RawMessage(v.Text))
				}
			}
			o["json"] = object{"path": j.Path, "one_of": values}
		}
		out = append(out, o)
	}
	return out
}

func renderQuotas(list []Quota) []object {
	out := []object{}
	for i := range list {
		q := &list[i]
		o := object{
			"name": q.Name, "window": renderWindow(q), "per": renderPer(q.Per), "cost": q.Cost,
			"unit":      [...]string{"requests", "credits"}[q.Unit],
			"algorithm": [...]string{"fixed_window", "sliding_window", "gcra"}[q.Algorithm],
			"mode":      [...]string{"enforce", "shadow", "off"}[q.Mode],
		}
		for key, texts := range map[string][]string{"surfaces": q.Surfaces, "methods": q.Methods, "overrides": q.Overrides} {
			if len(texts) > 0 {
				o[key] = texts
			}
		}
		if len(q.Paths) > 0 {
			o["paths"] = renderMatches(q.Paths)
		}
		limits := object{"default": renderUnits(q.Limit)}
		for _, t := range q.Tiers {
			limits[t.Tier] = renderUnits(t.Limit)
		}
		if o["limits"] = limits; len(q.Tiers) == 0 {
			delete(o, "limits")
			o["limit"] = renderUnits(q.Limit)
		}
		costs := []object{}
		for _, c := range q.Costs {
			cost := renderMatches([]Match{c.Match})[0]
			cost["cost"] = c.Cost
			costs = append(costs, cost)
		}
		if len(costs) > 0 {
			o["cost"] = costs
		}
		if q.Unit == Credits {
			delete(o, "cost")
		}
		out = append(out, o)
	}
	return out
}

func renderWindow(q *Quota) string {
	if q.Calendar == NoCalendar {
		return formatDuration(q.Window)
	}
	return [...]string{CalendarDay: "day", CalendarMonth: "month"}[q.Calendar]
}

func renderPer(p Per) (words []string) {
	for i, word := range []string{"client", "credential", "subject", "tenant", "path"} {
		if p>>i&1 != 0 {
			words = append(words, word)
		}
	}
	return words
}

func renderUnits(n uint32) any {
	if n == NoLimit {
		return "unlimited"
	}
	return n
}

func renderScopes(s *Scopes) object {
	out := object{}
	implies := object{}
	for _, i := range s.Implies {
		implies[i.Scope] = texts(i.Scopes)
	}
	if len(implies) > 0 {
		out["implies"] = implies
	}
	operations := []object{}
	for _, o := range s.Operations {
		one := renderMatches([]Match{o.Match})[0]
		one["scopes"] = texts(o.Scopes)
		if len(o.Surfaces) > 0 {
			one["surfaces"] = o.Surfaces
		}
		operations = append(operations, one)
	}
	if len(operations) > 0 {
		out["operations"] = operations
	}
	return out
}

func renderResources(list []OAuth) any {
	if list[0].Alone {
		return renderOAuth(&list[0])
	}
	out := []object{}
	for i := range list {
		out = append(out, renderOAuth(&list[i]))
	}
	return out
}

var riskWords = [...]string{"READ_ONLY", "LOCAL_MUTATION", "EXTERNAL_MUTATION", "DESTRUCTIVE"}

func renderMCP(m *MCP) object {
	out := object{"max_body": m.MaxBody, "reject_format": [...]string{"auto", "http", "jsonrpc", "tool_error"}[m.RejectFormat], "annotate": m.Annotate, "other_tools": renderTool(&m.OtherTools)}
	for key, texts := range map[string][]string{"surfaces": m.Surfaces, "tiers": m.Tiers} {
		if len(texts) > 0 {
			out[key] = texts
		}
	}
	if m.Origins != nil {
		out["origins"] = texts(m.Origins)
	}
	risks := object{}
	for i, scopes := range m.Risks {
		risks[riskWords[i]] = texts(scopes)
	}
	methods := []object{}
	for _, method := range m.Methods {
		methods = append(methods, object{"method": method.Method, "scopes": method.Scopes})
	}
	tools := []object{}
	for i := range m.Tools {
		tool := renderTool(&m.Tools[i])
		tool["name"] = m.Tools[i].Name
		tools = append(tools, tool)
	}
	out["risks"], out["methods"], out["tools"] = risks, methods, tools
	return out
}

func renderTool(t *Tool) object {
	o := object{"cost": t.Cost}
	if t.Risk != RiskUnset {
		o["risk"] = riskWords[t.Risk]
	}
	if t.Scopes != nil {
		o["scopes"] = t.Scopes
	}
	if t.Tier != "" {
		o["tier"] = t.Tier
	}
	arguments := []object{}
	for i := range t.Arguments {
		arguments = append(arguments, renderArgument(&t.Arguments[i]))
	}
	if len(arguments) > 0 {
		o["arguments"] = arguments
	}
	return o
}

func renderArgument(a *ToolArgument) object {
	o := object{"argument": a.Way, "other": a.Other, "absent": a.Absent}
	times, tiers := object{}, object{}
	for _, v := range a.Values {
		times[v.Value] = v.Times
		if v.Tier != "" {
			tiers[v.Value] = v.Tier
		}
	}
	if a.MaxCount > 0 {
		o["max_count"] = a.MaxCount
	}
	if len(times) > 0 {
		o["times"] = times
	}
	if len(tiers) > 0 {
		o["tiers"] = tiers
	}
	return o
}

func renderOAuth(a *OAuth) object {
	o := object{
		"resource": a.Resource, "authorization_servers": a.AuthorizationServers,
		"scopes_supported": texts(a.ScopesSupported), "challenge_scope": texts(a.ChallengeScope),
		"serve_metadata": a.ServeMetadata, "host_default": a.HostDefault,
		"audiences": texts(a.Audiences), "check_audience": a.CheckAudience,
	}
	if len(a.Surfaces) > 0 {
		o["surfaces"] = a.Surfaces
	}
	for key, text := range map[string]string{
		"resource_documentation": a.ResourceDocumentation, "resource_name": a.ResourceName, "realm": a.Realm,
	} {
		if text != "" {
			o[key] = text
		}
	}
	return o
}

func renderServers(list []AuthorizationServer) any {
	if list[0].Alone {
		return renderServer(&list[0])
	}
	out := []object{}
	for i := range list {
		out = append(out, renderServer(&list[i]))
	}
	return out
}

func renderServer(s *AuthorizationServer) object {
	o := object{"issuer": s.Issuer}
	add := func(key, text string) {
		if text != "" {
			o[key] = text
		}
	}
	if s.Cluster != "" {
		o["cluster"], o["timeout"], o["pkce"], o["openid"] = s.Cluster, formatDuration(s.Timeout), s.PKCE, s.OpenID
		o["cache"] = object{"for": formatDuration(s.For), "stale": formatDuration(s.Stale)}
		add("path", s.Path)
		return o
	}
	add("authorization_endpoint", s.AuthorizationEndpoint)
	add("token_endpoint", s.TokenEndpoint)
	add("registration_endpoint", s.RegistrationEndpoint)
	add("introspection_endpoint", s.IntrospectionEndpoint)
	add("revocation_endpoint", s.RevocationEndpoint)
	add("jwks_uri", s.JWKSURI)
	add("service_documentation", s.ServiceDocumentation)
	o["response_types_supported"], o["grant_types_supported"] = s.ResponseTypes, texts(s.GrantTypes)
	o["token_endpoint_auth_methods_supported"], o["scopes_supported"] = texts(s.TokenEndpointAuthMethods), texts(s.Scopes)
	return o
}
