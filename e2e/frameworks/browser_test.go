package frameworks

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// browser is a client with an address and a jar of cookies.
type browser struct {
	address string
	base    string
	http    *http.Client
}

// newBrowser comes from an address that no other one has had.
func (f framework) newBrowser(t *testing.T) *browser {
	t.Helper()
	return f.browserFrom(t, client.NewAddress())
}

// browserFrom is a browser without cookies, for the same address as others.
func (f framework) browserFrom(t *testing.T, address string) *browser {
	t.Helper()
	b := f.client(t, address, client.HTTP1)
	var err error
	b.http.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	return b
}

// client is a program without a jar of cookies.
func (f framework) client(t *testing.T, address string, protocol client.Protocol) *browser {
	t.Helper()
	listener, err := tests.Envoy.ListenerAddress(t.Context(), f.id)
	require.NoError(t, err)
	h, err := client.New(address, protocol)
	require.NoError(t, err)
	t.Cleanup(h.CloseIdleConnections)
	return &browser{address: address, base: "http://" + listener, http: h}
}

// reply is a response, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends fields, if there are any, in this spelling.
func (b *browser) do(method, path string, as spelling, fields url.Values, headers ...string) (reply, error) {
	request, err := http.NewRequest(method, b.base+path, nil)
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if as.send != nil {
		body, err := as.send(request, fields)
		if err != nil {
			return reply{}, err
		}
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	response, err := b.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text)}, err
}

// get opens a page. Some frameworks answer scripts in another way.
func (b *browser) get(t *testing.T, path string) reply {
	t.Helper()
	r, err := b.do(http.MethodGet, path, spelling{}, nil, "Accept", "text/html")
	require.NoError(t, err)
	return r
}

func (b *browser) post(t *testing.T, path string, as spelling, fields url.Values, headers ...string) reply {
	t.Helper()
	r, err := b.do(http.MethodPost, path, as, fields, headers...)
	require.NoError(t, err)
	return r
}

var (
	inputs    = regexp.MustCompile(`<input[^>]*>`)
	formTag   = regexp.MustCompile(`<form[^>]*>`)
	attribute = regexp.MustCompile(`(\w+)=["']([^"']*)["']`)
)

// submit opens a page and sends its form to action, with what is hidden in it.
func (b *browser) submit(t *testing.T, page, action string, as spelling, fields url.Values, headers ...string) reply {
	t.Helper()
	r := b.get(t, page)
	require.Equal(t, 200, r.status, "%s", r.body)
	for _, has := range tags(r.body, inputs) {
		if has["type"] == "hidden" && has["name"] != "" {
			fields.Set(has["name"], has["value"])
		}
	}
	return b.post(t, action, as, fields, append(headers, "Origin", b.base, "Accept", "text/html")...)
}

// tags are the attributes of a page's tags of one kind.
func tags(page string, kind *regexp.Regexp) []map[string]string {
	var found []map[string]string
	for _, tag := range kind.FindAllString(page, -1) {
		has := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
			has[a[1]] = html.UnescapeString(a[2])
		}
		found = append(found, has)
	}
	return found
}

// cookie is the value of one in the jar.
func (b *browser) cookie(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(b.base)
	require.NoError(t, err)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	require.Fail(t, "there is no cookie "+name)
	return ""
}

// setCookie puts one into the jar.
func (b *browser) setCookie(t *testing.T, name, value string) {
	t.Helper()
	u, err := url.Parse(b.base)
	require.NoError(t, err)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}
