package quotaservice_test

import (
	"bytes"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/quotaservice"
	"github.com/gatewarden/gatewarden/e2e/quotaservice/contract"
)

const (
	document = "../../docs/quota-service.yaml"
	token    = "a token for tests"
)

// agreed is docs/quota-service.yaml, read once.
var agreed = sync.OnceValues(func() (*contract.Contract, error) { return contract.Load(document, quotaservice.Prefix) })

func TestDocumentIsValid(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(document)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	require.Len(t, doc.Servers, 1)
	assert.True(t, strings.HasSuffix(doc.Servers[0].URL, quotaservice.Prefix))
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a service with a clock. Each request and response is compared with the contract.
type bench struct {
	service *quotaservice.Service
	file    string
	clock   *clock
}

// noon is in UTC. The clock of the machine shows another time.
var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC).In(time.FixedZone("far", -11*60*60))

func newBench(t *testing.T, file string, accounts ...quotaservice.Account) *bench {
	t.Helper()
	b := &bench{file: file, clock: &clock{now: noon}}
	b.open(t, accounts...)
	return b
}

func (b *bench) open(t *testing.T, accounts ...quotaservice.Account) {
	t.Helper()
	var err error
	b.service, err = quotaservice.New(quotaservice.Options{File: b.file, Token: token, Accounts: accounts, Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.service.Close() })
}

// ask sends a request, which fits the contract if it is valid.
func (b *bench) ask(t *testing.T, r *http.Request, body string, valid bool) (int, string) {
	t.Helper()
	c, err := agreed()
	require.NoError(t, err)
	e, err := c.Serve(b.service, r)
	require.NoError(t, err)
	assert.Equal(t, valid, e.Request == nil, "%s: %v", body, e.Request)
	assert.NoError(t, e.Response, "%d %s", e.Answer.Code, e.Answer.Body)
	return e.Answer.Code, e.Answer.Body.String()
}

var methods = map[string]string{"": http.MethodPut, "/commit": http.MethodPost, "/refund": http.MethodPost}

func newRequest(operation, key, body string) *http.Request {
	r := httptest.NewRequest(methods[operation], quotaservice.Prefix+"/reservations/"+key+operation, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (b *bench) do(t *testing.T, operation, key, body string) (int, string) {
	t.Helper()
	return b.ask(t, newRequest(operation, key, body), body, true)
}

// query is the result of SQL, a line for each row.
func query(t *testing.T, file, text string) []string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, quotaservice.Query(t.Context(), file, &out, text))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return lines[1:]
}

func serve(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// openFile opens a database as somebody else would.
func openFile(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}
