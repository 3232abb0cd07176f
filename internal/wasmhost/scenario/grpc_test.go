package scenario

import (
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// caller asks for each request, which waits for the answer, and in each tick.
type caller struct {
	wasmhost.NoCallbacks
	host    *wasmhost.Host
	waiting map[uint32]uint32 // streams, by the call they wait for
	told    []string
}

func (*caller) Exports(wasmhost.Callback) bool { return true }

func (c *caller) call(method string) uint32 {
	number, _ := c.host.SendGRPCCall(wasmhost.GRPCCall{Cluster: GRPCCluster, Service: "pkg.Service", Method: method})
	return number
}

func (c *caller) OnTick(uint32) error {
	c.call("Tick")
	return nil
}

func (c *caller) OnRequestHeaders(id uint32, _ int, _ bool) (wasmhost.Action, error) {
	c.waiting[c.call("Ask")] = id
	return wasmhost.PauseAll, nil
}

func (c *caller) OnGRPCReceive(_, call uint32, size int) error {
	message, _ := c.host.BufferBytes(wasmhost.GRPCReceiveBuffer, 0, size)
	c.told = append(c.told, string(message))
	if stream, waits := c.waiting[call]; waits {
		c.host.SetEffectiveContext(stream)
		c.host.ContinueStream(wasmhost.RequestStream)
	}
	return nil
}

func (c *caller) OnGRPCClose(_, call, status uint32) error {
	c.host.SetEffectiveContext(c.waiting[call])
	c.host.SendLocalResponse(int(status)*100, "", nil, nil, -1)
	return nil
}

// TestStandInAnswersGRPC: each call gets the next answer of its method, whether a request
// waits for it or a timer made it.
func TestStandInAnswersGRPC(t *testing.T) {
	guest := &caller{waiting: map[uint32]uint32{}}
	w, err := NewStandIn(Scenario{Tells: map[string][]wasmhost.GRPCAnswer{
		"pkg.Service/Ask": {{Message: []byte("first")}, {Status: 5}}, "pkg.Service/Tick": {{Message: []byte("tick")}},
	}}, func(p *wasmhost.Process, o wasmhost.Options) (*wasmhost.Proxy, error) {
		return wasmhost.NewProxy(p, o, func(h *wasmhost.Host) (wasmhost.Guest, error) { guest.host = h; return guest, nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, want := range []int{200, 500, 500} {
		got := w.Do(0, wasmhost.Request{Path: "/"}, wasmhost.Response{Status: 200}, func() {})
		if got.Status != want || got.Reached != (want == 200) {
			t.Errorf("request %d: %s, want %d", i+1, got, want)
		}
	}
	w.Advance(10 * time.Second)
	if got := len(guest.told); got != 3 || guest.told[0] != "first" || guest.told[2] != "tick" {
		t.Errorf("told %q", guest.told)
	}
	if got := NewGRPCServer(Scenario{}, time.Now).Serve("pkg.Service/Ask", nil); got.Status != unimplemented {
		t.Errorf("an unknown method: %+v", got)
	}
}
