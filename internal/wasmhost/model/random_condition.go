package model

// drawConditions draws what failures and successes are, in place of statuses.
func (g *generator) drawConditions(l *Lockout, kind string) {
	g.conditions = true
	if !g.sometimes(4) {
		l.Statuses = nil
		for range 1 + g.IntN(3) {
			l.FailuresWhen = append(l.FailuresWhen, g.drawCondition([]any{"4xx"}, []any{401, 404}, []any{"2xx"}, []any{302, "2xx", "4xx"}, []any{"3xx", 401, 422}))
		}
	}
	if (l.FailuresWhen != nil || kind != token) && g.sometimes(2) {
		for range 1 + g.IntN(2) {
			l.SucceededWhen = append(l.SucceededWhen, g.drawCondition([]any{"2xx"}, []any{302}, []any{"3xx", 200}, []any{204, 200, 302}))
		}
	}
}

// drawCondition draws one with some of the statuses.
func (g *generator) drawCondition(statuses ...[]any) (c Condition) {
	if !g.sometimes(3) {
		c.Status = one(g, statuses...)
	}
	if g.sometimes(3) {
		c = one(g, Condition{Header: "location", Has: "contains", Text: "error"}, Condition{Header: "Location", Has: "prefix", Text: "/login"},
			Condition{Header: "location", Has: "equals", Text: "/home"}, Condition{Header: "X-Sign-In", Has: "equals", Text: "no"}).with(c.Status)
	}
	if g.sometimes(2) || c.Status == nil && c.Header == "" {
		c.Path = one(g, []string{"ok"}, []string{"ok"}, []string{"errors", "0", "code"}, []string{"code"})
		c.Values = one(g, []any{false}, []any{false}, []any{true}, []any{1001}, []any{nil}, []any{"DENIED", 1001}, []any{"false", "DENIED"})
	}
	return c
}

func (c Condition) with(status []any) Condition {
	c.Status = status
	return c
}

// drawSigns draws headers and a body that conditions look at. Of several lines of
// Location, Envoy makes one.
func (g *generator) drawSigns(a *Answer) {
	if g.sometimes(2) {
		a.Headers = append(a.Headers, [2]string{"location", one(g, "/login?error", "/home", "/login", "/Home", "/home?then=/login?error")})
	}
	for range g.IntN(3) {
		a.Headers = append(a.Headers, [2]string{"x-sign-in", one(g, "no", "No", "yes")})
	}
	a.Zipped, a.Chunk = g.sometimes(8), g.IntN(9)
	a.Type = one(g, "application/json", "application/json", "text/html", "")
	a.Body = one(g, `{"ok":false}`, `{"ok":true}`, `{"ok":"false"}`, `{"ok":"false"}`, `{"ok":true,"ok":false}`, `{"OK":false}`, `{"ok":[false]}`,
		`{"errors":[{"code":"DENIED"}],"ok":true}`, `{"errors":[{"text":"\"code\":"},{"code":"DENIED"}]}`, `{"errors":{"0":{"code":1001}}}`,
		`{"code":1001}`, `{"code" : null , "errors":[]}`, `{"c\u006fde":"D\u0045NIED"}`, `[{"ok":false}]`, `{"x":{"ok":false}}`, `no JSON`, `false`, "")
}
