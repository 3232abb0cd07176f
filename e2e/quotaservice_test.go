package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/quotaservice"
	"github.com/gatewarden/gatewarden/e2e/quotaservice/contract"
	"github.com/gatewarden/gatewarden/e2e/quotaservice/faults"
)

const quotaToken = "a token of the quota service"

// bank is a quota service with a front that makes outages.
type bank struct {
	service *quotaservice.Service
	front   *faults.Front
	address string
	file    string
	// ahead is how far its clock is ahead of the proxy's.
	ahead atomic.Int64
}

func openBank(t *testing.T, accounts ...quotaservice.Account) *bank {
	t.Helper()
	b := &bank{file: filepath.Join(t.TempDir(), "quota.db")}
	var err error
	b.service, err = quotaservice.New(quotaservice.Options{File: b.file, Token: quotaToken, Accounts: accounts,
		Now: func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }})
	require.NoError(t, err)
	agreed, err := contract.Load(filepath.Join(root, "docs", "quota-service.yaml"), quotaservice.Prefix)
	require.NoError(t, err)
	b.front = faults.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, err := agreed.Serve(b.service, r)
		if !assert.NoError(t, errors.Join(err, e.Request, e.Response), "the filter and the service keep the contract") {
			return
		}
		maps.Copy(w.Header(), e.Answer.Header())
		w.WriteHeader(e.Answer.Code)
		_, _ = w.Write(e.Answer.Body.Bytes())
	}))
	server := httptest.NewServer(b.front)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		assert.NoError(t, b.service.Close())
	})
	b.address = strings.TrimPrefix(server.URL, "http://")
	return b
}

// withBank lets the filter reach the quota service.
func withBank(b *bank) option {
	return withBootstrap(func(bootstrap *envoy.Bootstrap) error {
		bootstrap.SetEnvironment("QUOTA_TOKEN", quotaToken)
		return bootstrap.AddCluster("quota", b.address)
	})
}

// query is the result of SQL, a line for each row with its values.
func (b *bank) query(t *testing.T, text string) []string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, quotaservice.Query(t.Context(), b.file, &out, text))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return lines[1:]
}

// shop is an MCP server that counts what it has sold: the price of each call whose result
// it has returned.
type shop struct {
	mu    sync.Mutex
	sold  map[string]int // by order, where it is more than nothing
	seen  map[string]int // requests by what was to happen
	inner http.Handler
	// release lets calls go on that are held.
	release chan struct{}
}

const price = 7

// drawing are the arguments of the shop's tool.
type drawing struct {
	// Order is the number of the request. It is the subject of the caller, too.
	Order string `json:"order"`
	// Fate is what happens to the call: "" for a result.
	Fate string `json:"fate"`
}

func newShop(asJSON bool) *shop {
	s := &shop{sold: map[string]int{}, seen: map[string]int{}, release: make(chan struct{})}
	server := mcp.NewServer(&mcp.Implementation{Name: "shop", Version: "1.0.0"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "draw", Description: "draws"}, s.draw)
	mcp.AddTool(server, &mcp.Tool{Name: "look", Description: "costs nothing"}, s.draw)
	s.inner = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: asJSON})
	return s
}

func (s *shop) draw(_ context.Context, r *mcp.CallToolRequest, in drawing) (*mcp.CallToolResult, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[in.Fate]++
	if in.Fate == "fails" {
		return nil, nil, errors.New("out of paint") // isError
	}
	if r.Params.Name == "draw" {
		s.sold[in.Order] += price
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "a rook"}}}, nil, nil
}

// ServeHTTP has the fates that no tool can have.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	for _, fate := range []string{"status", "error", "dropped", "left", "held"} {
		if !bytes.Contains(body, fmt.Appendf(nil, `"fate":%q`, fate)) {
			continue
		}
		s.mu.Lock()
		s.seen[fate]++
		s.mu.Unlock()
		switch fate {
		case "status":
			http.Error(w, "out of order", http.StatusInternalServerError)
		case "error":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"out of order"}}`)
		case "dropped":
			panic(http.ErrAbortHandler)
		case "left":
			<-r.Context().Done()
		case "held":
			<-s.release
			s.inner.ServeHTTP(w, r)
		}
		return
	}
	s.inner.ServeHTTP(w, r)
}

// paidFor is what the shop has sold for in an order.
func (s *shop) paidFor(order string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sold[order]
}

func (s *shop) saw(fate string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[fate]
}

// callOf is a request that calls a tool, or two in a batch.
func callOf(tool, order string, fates ...string) string {
	var calls []string
	for i, fate := range fates {
		calls = append(calls, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{"order":%q,"fate":%q}}}`, i+1, tool, order, fate))
	}
	if len(calls) == 1 {
		return calls[0]
	}
	return "[" + strings.Join(calls, ",") + "]"
}

// customer calls the shop's tool for a tenant.
type customer struct {
	*caller
	tenant string
	random *rand.Rand
	// orders are all requests, with what came of them.
	orders []order
}

// order is a request: what was to happen to its calls, and the status that came back, with
// the reason of a refusal.
type order struct {
	number string
	fates  []string
	status string
}

// statusesOf is how often each status came back.
func statusesOf(customers []*customer) map[string]int {
	counts := map[string]int{}
	for _, c := range customers {
		for _, o := range c.orders {
			counts[o.status]++
		}
	}
	return counts
}

// fates are what happens to calls, the frequent ones more than once.
var fates = [][]string{{""}, {""}, {""}, {""}, {"fails"}, {"status"}, {"error"}, {"dropped"}, {"left"}, {"", "fails"}, {"", ""}, {"fails", "fails"}}

// shopping makes some calls, one after the other.
func (c *customer) shopping(t *testing.T, calls int) {
	for range calls {
		fate := fates[c.random.IntN(len(fates))]
		c.call(t, "draw", fate...)
	}
}

func (c *customer) call(t *testing.T, tool string, fate ...string) {
	o := order{number: fmt.Sprintf("%s-%d", c.address, len(c.orders)), fates: fate}
	defer func() { c.orders = append(c.orders, o) }()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	if fate[0] == "left" {
		ctx, leave = context.WithTimeout(ctx, 50*time.Millisecond)
		defer leave()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/mcp", strings.NewReader(callOf(tool, o.number, fate...)))
	if !assert.NoError(t, err) {
		return
	}
	for _, h := range [][2]string{
		{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"},
		{"Mcp-Protocol-Version", "2025-03-26"}, {"X-User", o.number}, {"X-Tenant", c.tenant},
	} {
		request.Header.Set(h[0], h[1])
	}
	r, err := c.send(request)
	if err != nil {
		o.status = "none"
		return
	}
	reason := ""
	if m := refusedFor.FindStringSubmatch(r.body); m != nil {
		reason = m[1]
	}
	o.status = strings.TrimSpace(fmt.Sprint(r.status, " ", reason))
}

// refusedFor matches the reason in a refusal.
var refusedFor = regexp.MustCompile(`"reason":"(\w+)"`)

func quotaServiceConfig(retries int, more string) string {
	return fmt.Sprintf(`{%s
		"identity": [{"source": "headers", "subject": "x-user", "tenant": "x-tenant"}],
		"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"mode": "off"}}],
		"mcp": {"reject_format": "http", "tools": [{"name": "draw", "cost": 7}, {"name": "look"}]},
		"quota_service": {"lifetime": "1m", "endpoint": {
			"cluster": "quota", "url": "http://quota.example.com/v1", "token_env": "QUOTA_TOKEN", "timeout": "1s", "retries": %d}}}`, more, retries)
}

// Whatever happens to calls, to the quota service and to the filter, in the end every credit
// that was reserved is spent or given back, and spent is what the server has sold.
func TestLedgerIsWhatTheServerSold(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{true, false} {
		t.Run(map[bool]string{true: "JSON", false: "events"}[asJSON], func(t *testing.T) { reconcile(t, asJSON) })
	}
}

func reconcile(t *testing.T, asJSON bool) {
	bank := openBank(t,
		quotaservice.Account{Tenant: "acme", Limit: 1e6, Window: quotaservice.Month},
		quotaservice.Account{Tenant: "globex", Limit: 50 * price, Window: quotaservice.Month},
		quotaservice.Account{Tenant: "initech", Limit: 1e6, Window: quotaservice.Day})
	shop := newShop(asJSON)
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	s := start(t, quotaServiceConfig(2, ""), withBank(bank), withBootstrap(func(b *envoy.Bootstrap) error {
		return b.SetEndpoint("service", strings.TrimPrefix(server.URL, "http://"))
	}))
	var customers []*customer
	for i := range 12 {
		customers = append(customers, &customer{
			caller: s.newCaller(t, protocols[i%len(protocols)]), tenant: []string{"acme", "globex", "initech"}[i%3],
			random: rand.New(rand.NewPCG(uint64(i), 7)),
		})
	}
	all := func(calls int) {
		var busy sync.WaitGroup
		for _, c := range customers {
			busy.Go(func() { c.shopping(t, calls) })
		}
		busy.Wait()
	}
	all(10)
	bank.front.Set(faults.Seeded(1, 0.3, faults.DropBefore, faults.DropAfter, faults.Status500, faults.Status503,
		faults.Status429, faults.Garbage, faults.Truncated, faults.SlowBefore, faults.SlowAfter))
	all(10)
	bank.front.Set(faults.Always(faults.DropBefore))
	all(3)
	bank.front.Set(faults.Always(faults.None))
	bank.front.Release()
	customers[0].awaitBank(t)
	// What is open now when its worker goes would be settled by another one, after some
	// 20 seconds.
	bank.settled(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		all(15)
	}()
	s.update(t, quotaServiceConfig(2, `"log": {"per_second": 7},`))
	<-done
	bank.settled(t)
	s.update(t, strings.Replace(quotaServiceConfig(2, ""), "quota.example.com", "credits.example.com", 1))
	refused := statusesOf(customers)["503 store_unavailable"]
	for _, c := range customers {
		// The workers from before would leave to nobody what they have not settled.
		c.http.CloseIdleConnections()
	}
	all(5)
	bank.settled(t)
	bank.compare(t, shop, customers)

	statuses := statusesOf(customers)
	assert.Equal(t, refused, statuses["503 store_unavailable"], "the service knows a key from before it got another name")
	t.Logf("answers: %v", statuses)
	for _, status := range []string{"200", "402 quota_exceeded", "503 store_unavailable", "500", "none"} {
		assert.Positive(t, statuses[status], "%s was not tried: %v", status, statuses)
	}
	for _, fate := range []string{"", "fails", "status", "error", "dropped", "left"} {
		assert.Positive(t, shop.saw(fate), "%q was not tried", fate)
	}
}

// awaitBank calls until all workers ask the quota service again.
func (c *customer) awaitBank(t *testing.T) {
	t.Helper()
	granted := 0
	within(t, 30*time.Second, "calls to be granted again", func() bool {
		c.http.CloseIdleConnections() // the next connection may be another worker's
		c.call(t, "draw", "")
		if granted++; c.orders[len(c.orders)-1].status != "200" {
			granted = 0
		}
		return granted == 10
	})
}

// settled waits until no reservation is open.
func (b *bank) settled(t *testing.T) {
	t.Helper()
	within(t, 60*time.Second, "all reservations to be settled", func() bool {
		return b.query(t, "SELECT count(*) FROM reservations WHERE state = 'reserved'")[0] == "0"
	})
}

// compare compares the ledger with what the server has sold: for each request, and for each
// tenant. A request that Envoy cut off, because its listener went, has no answer. It is free,
// or paid for if the answer had begun.
func (b *bank) compare(t *testing.T, shop *shop, customers []*customer) {
	t.Helper()
	committed := map[string]int{}
	for _, row := range b.query(t, "SELECT subject, sum(credits) FROM ledger WHERE event = 'committed' GROUP BY subject") {
		var number string
		var credits int
		_, err := fmt.Sscan(row, &number, &credits)
		require.NoError(t, err)
		committed[number] = credits
	}
	want := map[string]int{}
	for _, c := range customers {
		for _, o := range c.orders {
			paid := shop.paidFor(o.number)
			if o.status == "none" && committed[o.number] == price*len(o.fates) {
				paid = committed[o.number]
			}
			if o.status == "none" && committed[o.number] == 0 {
				paid = 0
			}
			assert.Equal(t, paid, committed[o.number], "%+v", o)
			want[c.tenant] += paid
		}
	}
	rows := b.query(t, `SELECT tenant, sum(credits * (event = 'reserved')), sum(credits * (event = 'committed')),
		sum(credits * (event = 'refunded')), sum(credits * (event = 'expired')) FROM ledger GROUP BY tenant`)
	require.Len(t, rows, 3)
	for _, row := range rows {
		var tenant string
		var reserved, committed, refunded, expired int
		_, err := fmt.Sscan(row, &tenant, &reserved, &committed, &refunded, &expired)
		require.NoError(t, err)
		t.Logf("%s: reserved %d = committed %d + refunded %d + expired %d", tenant, reserved, committed, refunded, expired)
		assert.Equal(t, reserved, committed+refunded+expired, tenant)
		assert.Equal(t, want[tenant], committed, tenant)
		assert.Positive(t, committed, tenant)
		assert.Positive(t, refunded, tenant)
	}
}

// Without the quota service, what costs something is refused, and everything else passes.
func TestQuotaServiceOutage(t *testing.T) {
	t.Parallel()
	bank := openBank(t, quotaservice.Account{Tenant: "acme", Limit: 1e6, Window: quotaservice.Month})
	shop := newShop(true)
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	s := start(t, quotaServiceConfig(0, ""), withBank(bank), withBootstrap(func(b *envoy.Bootstrap) error {
		return b.SetEndpoint("service", strings.TrimPrefix(server.URL, "http://"))
	}))
	c := &customer{caller: s.newCaller(t, client.HTTP1), tenant: "acme"}
	for _, fault := range []faults.Fault{
		faults.DropBefore, faults.DropAfter, faults.Status500, faults.Status503, faults.Status429,
		faults.Garbage, faults.Truncated, faults.SlowBefore, faults.SlowAfter,
	} {
		c.awaitBank(t)
		before, done := shop.saw(""), bank.front.Done(fault)
		bank.front.Set(faults.Always(fault))
		c.call(t, "draw", "")
		assert.Equal(t, "503 store_unavailable", c.orders[len(c.orders)-1].status, "fault %d", fault)
		assert.Equal(t, before, shop.saw(""), "fault %d", fault)
		assert.Greater(t, bank.front.Done(fault), done, "fault %d", fault)
		c.call(t, "look", "")
		assert.Equal(t, "200", c.orders[len(c.orders)-1].status, "fault %d: a call without a cost", fault)
		bank.front.Set(faults.Always(faults.None))
		bank.front.Release()
	}
	c.awaitBank(t)
	bank.settled(t)
	sold := 0
	for _, o := range c.orders {
		sold += shop.paidFor(o.number)
	}
	assert.Equal(t, []string{fmt.Sprint(sold)}, bank.query(t, "SELECT sum(credits) FROM ledger WHERE event = 'committed'"))
}

// If a worker's VM crashes, nobody knows what comes of its calls. They are free: the service
// gives the credits back, if no other worker has done so before.
func TestQuotaServiceAfterACrash(t *testing.T) {
	t.Parallel()
	trapping, err := envoy.TrappingFilter(root)
	require.NoError(t, err)
	bank := openBank(t, quotaservice.Account{Tenant: "acme", Limit: 10 * price, Window: quotaservice.Month})
	shop := newShop(true)
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	s := start(t, quotaServiceConfig(0, ""), withBank(bank), ownProcess, withModule(trapping), withWorkers(1),
		withBootstrap(func(b *envoy.Bootstrap) error {
			b.Plugin["reload_config"] = envoy.Object{"backoff": envoy.Object{"base_interval": "0.05s"}}
			return b.SetEndpoint("service", strings.TrimPrefix(server.URL, "http://"))
		}))
	buyer, unlucky := &customer{caller: s.newCaller(t, client.HTTP1), tenant: "acme"}, &customer{caller: s.newCaller(t, client.HTTP1), tenant: "acme"}
	buyer.call(t, "draw", "")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		unlucky.call(t, "draw", "held")
	}()
	within(t, 10*time.Second, "the call to reach the server", func() bool { return shop.saw("held") == 1 })
	crash := s.newCaller(t, client.HTTP1).get(t, "/mcp", []string{"X-Gatewarden-Trap", "1"})
	require.Equal(t, 503, crash.status, "the filter did not crash")
	bank.ahead.Store(int64(2 * time.Minute))
	require.NoError(t, bank.service.Expire())
	close(shop.release)
	<-ended
	assert.Equal(t, "503", unlucky.orders[0].status, "a call of the instance that has crashed")
	within(t, 10*time.Second, "a new instance of the filter", func() bool {
		buyer.call(t, "draw", "")
		return buyer.orders[len(buyer.orders)-1].status == "200"
	})
	bank.settled(t)
	sold := 0
	for _, o := range buyer.orders {
		sold += shop.paidFor(o.number)
	}
	assert.Equal(t, []string{fmt.Sprint("committed ", sold), fmt.Sprint("expired ", price), fmt.Sprint("reserved ", sold+price)},
		bank.query(t, "SELECT event, sum(credits) FROM ledger GROUP BY event ORDER BY event"))
}
