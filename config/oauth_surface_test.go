package config

import (
	"strconv"
	"strings"
	"testing"
)

// resources writes each as "URL" or "URL=surface,surface", with "*" before that of its
// host's root. One alone is an object if it begins with "!".
func resources(list string) string {
	var out []string
	for _, text := range strings.Fields(strings.TrimPrefix(list, "!")) {
		text, marked := strings.CutPrefix(text, "*")
		url, surfaces, named := strings.Cut(text, "=")
		text = `{"resource": "` + url + `", "authorization_servers": ["https://as"], "host_default": ` + strconv.FormatBool(marked)
		if named {
			text += `, "surfaces": ["` + strings.ReplaceAll(surfaces, ",", `", "`) + `"]`
		}
		out = append(out, text+"}")
	}
	if strings.HasPrefix(list, "!") {
		return out[0]
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// resourceSurfaces writes each as "path" or "path,path", of the kind mcp, or with another kind
// and ":" before it; a path may have "@host+host" behind it.
func resourceSurfaces(list string) string {
	var out []string
	for i, text := range strings.Fields(list) {
		kind, paths, other := strings.Cut(text, ":")
		if !other {
			kind, paths = "mcp", text
		}
		var match []string
		for _, path := range strings.Split(paths, ",") {
			path, hosts, at := strings.Cut(path, "@")
			entry := `{"prefix": "` + path + `"`
			if at {
				entry += `, "hosts": ["` + strings.ReplaceAll(hosts, "+", `", "`) + `"]`
			}
			match = append(match, entry+"}")
		}
		out = append(out, `{"name": "s`+strconv.Itoa(i)+`", "kind": "`+kind+`", "match": [`+strings.Join(match, ", ")+`]}`)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func TestResourceOf(t *testing.T) {
	for _, row := range []struct{ resources, surfaces, want, warns string }{
		{"!https://h/mcp", "/mcp api:/api login:/login oauth-token:/token", "0 0 - -", "oauth.resource"},
		{"!https://h", "/mcp api:/api@h", "0 0", ""},
		{"!https://h", "/mcp@else", "0", "oauth.resource"},
		{"!https://h/mcp=s0", "/mcp api:/api", "0 -", ""},
		{"!https://h/mcp=s1", "/mcp api:/api", "- 0", "oauth.resource"},
		{"!https://h", "login:/login", "-", "oauth.resource"},

		{"https://h/mcp", "/mcp api:/api", "0 -", ""},
		{"https://h/mcp", "/mcp /tools", "0 -", "surfaces[1]"},
		{"https://h/mcp/", "/mcp", "0", ""},
		{"https://h/MCP", "/mcp", "0", ""},
		{"https://h/mcp", "/mcp/a,/mcp/b", "0", ""},
		{"https://h/mcp", "/mcp,/other", "-", "surfaces[0] oauth[0].resource"},
		{"https://h/mcp", "/mcpx", "-", "surfaces[0] oauth[0].resource"},
		{"https://h/mcp/a", "/mcp", "-", "surfaces[0] oauth[0].resource"},
		{"https://h/mcp https://h/mcp/a https://h", "/mcp/a/b /mcp/b /a/b", "1 0 2", ""},
		{"https://h https://h/mcp https://h/mcp/a", "/mcp/a /mcp /else", "2 1 0", ""},
		{"https://h/a https://h/b", "/a,/b", "-", "surfaces[0] oauth[0].resource oauth[1].resource"},

		{"https://a/mcp https://b/mcp", "/mcp@a /mcp@b", "0 1", ""},
		{"https://a:8443/mcp", "/mcp@a", "0", ""},
		{"https://a/mcp", "/mcp@b", "-", "surfaces[0] oauth[0].resource"},
		{"https://a/mcp", "/mcp@a+b", "-", "surfaces[0] oauth[0].resource"},
		{"https://x.a/mcp", "/mcp@*.a", "-", "surfaces[0] oauth[0].resource"},
		{"https://a/mcp https://b/mcp https://c/mcp/x", "/mcp/x", "2", "oauth[0].resource oauth[1].resource"},
		{"https://a/mcp https://b", "/mcp", "0", "oauth[1].resource"},
		{"https://a/mcp https://b", "/mcp@b /else@a", "1 -", "surfaces[1] oauth[0].resource"},
		{"https://a/mcp https://b/mcp", "/mcp@a /x@a", "0 -", "surfaces[1] oauth[1].resource"},

		{"https://h/a=s1 https://h/b=s0", "/a api:/b", "1 0", "oauth[0].resource oauth[1].resource"},
		{"https://h/mcp=s1 https://h", "/mcp/b /mcp/a /x", "1 0 1", ""},
		{"https://a/mcp=s0 https://b/mcp", "/mcp", "0", "oauth[1].resource"},
		{"https://a/mcp=s0 https://b/mcp", "/mcp@a+b", "0", "oauth[0].resource oauth[1].resource"},
	} {
		text := `{"exempt": [], "surfaces": ` + resourceSurfaces(row.surfaces) + `, "oauth": ` + resources(row.resources) + `}`
		c := mustParse(t, text)
		var got []string
		for i := range c.Surfaces {
			at := c.ResourceOf(i)
			got = append(got, strings.ReplaceAll(strconv.Itoa(at), "-1", "-"))
		}
		if got := strings.Join(got, " "); got != row.want {
			t.Errorf("%s of %s: %s, want %s", row.surfaces, row.resources, got, row.want)
		}
		var warned []string
		for _, w := range c.Warnings() {
			path, _, _ := strings.Cut(w, ": ")
			warned = append(warned, path)
		}
		if got := strings.Join(warned, " "); got != row.warns {
			t.Errorf("%s of %s: warns %q, want %q", row.surfaces, row.resources, warned, row.warns)
		}
	}
}

func TestDescribesHost(t *testing.T) {
	for _, row := range []struct{ resources, want string }{
		{"https://h/mcp", "true"},
		{"!https://h", "true"},
		{"https://h/a https://h/b", "false false"},
		{"https://h/a *https://h/b", "false true"},
		{"https://h/a https://h/", "false true"},
		{"https://h/a https://g/b *https://h/c", "false true true"},
		{"https://h:1/a https://h:2/b", "true true"},
	} {
		c := mustParse(t, `{"surfaces": [], "oauth": `+resources(row.resources)+`}`)
		var got []string
		for i := range c.OAuth {
			got = append(got, strconv.FormatBool(c.DescribesHost(i)))
		}
		if got := strings.Join(got, " "); got != row.want {
			t.Errorf("%s: %s, want %s", row.resources, got, row.want)
		}
	}
}

func TestSplitResource(t *testing.T) {
	for url, want := range map[string]string{
		"https://h": "https://h|", "https://h/": "https://h|", "https://h/a/b": "https://h|/a/b", "https://h:1/a/": "https://h:1|/a/",
		"http://[::1]:1": "http://[::1]:1|", "": "|", "x": "x|", "/": "/|", "a://": "a://|",
	} {
		if origin, path := SplitResource(url); origin+"|"+path != want {
			t.Errorf("%q: %q and %q, want %q", url, origin, path, want)
		}
	}
}

func TestAudiencesOf(t *testing.T) {
	const more = `{"resource": "https://h/mcp", "authorization_servers": ["https://as"]`
	for _, row := range []struct{ oauth, want string }{
		{resources("!https://h/mcp"), "https://h/mcp https://h"},
		{resources("!https://h"), "https://h https://h"},
		{resources("https://h/mcp https://h/api"), "https://h/mcp"},
		{resources("*https://h/mcp https://h/api"), "https://h/mcp https://h"},
		{resources("https://h/api"), ""},
		{more + `, "audiences": ["api://x", "account"]}`, "https://h/mcp api://x account https://h"},
		{more + `, "check_audience": false}`, ""},
	} {
		c := mustParse(t, `{"surfaces": [{"name": "a", "kind": "mcp", "match": [{"prefix": "/mcp"}]}], "oauth": `+row.oauth+`}`)
		if got := strings.Join(c.AudiencesOf(0), " "); got != row.want {
			t.Errorf("%s: %s, want %s", row.oauth, got, row.want)
		}
	}
}

func TestAudienceWarnings(t *testing.T) {
	const (
		metadata = `{"identity": [{"source": "metadata", "subject": "sub", "audience": "aud"}]`
		headers  = `{"identity": [{"source": "headers", "subject": "x-user", "audience": "x-aud"}]`
		asked    = `{"identity": [{"source": "introspection", "audience": "https://h", "endpoint": {"cluster": "a", "url": "https://as", "client_id": "c", "client_secret": "s"}}]`
	)
	oauth := func(list string) string { return `, "oauth": ` + resources(list) + `}` }
	checkWarnings(t, []warningsRow{
		{metadata + `}`, "identity[0].audience"},
		{headers + `}`, "identity[0].audience"},
		{metadata + oauth("!https://h"), ""},
		{metadata + strings.Replace(oauth("!https://h"), `"host_default"`, `"check_audience": false, "host_default"`, 1), "identity[0].audience"},
		{asked + `}`, ""},
		{asked + oauth("!https://h"), ""},
		{asked + oauth("https://h/mcp https://h/api/v1"), "identity[0].audience"},
	})
}
