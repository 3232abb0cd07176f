package gauntlet

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// standIn is Gatewarden's module on the stand-in for Envoy, whose clock is set
// by hand.
func standIn() System {
	return System{
		Name: "Gatewarden, on the stand-in for Envoy", ByNetwork: true,
		Start: func(_ context.Context, s Setup) (*Target, error) {
			config, err := pluginConfig(s)
			if err != nil {
				return nil, err
			}
			code, err := os.ReadFile(s.Tools.Wasm)
			if err != nil {
				return nil, err
			}
			module, err := wasmhost.Compile(code)
			if err != nil {
				return nil, err
			}
			process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
			worker, err := module.NewProxy(process, wasmhost.Options{PluginConfig: config})
			if err != nil {
				return nil, err
			}
			return &Target{
				Clock: handSet{process.Clock},
				Stop:  func() { _ = worker.Close() },
				Send: func(_ context.Context, shot Shot) (int, error) {
					return throughStandIn(worker, s.Referee, shot)
				},
			}, nil
		},
	}
}

// throughStandIn sends a shot to the API. The answer of the service is the
// referee's: an honest token is right, every other one wrong.
func throughStandIn(worker *wasmhost.Proxy, referee *Referee, s Shot) (int, error) {
	request := wasmhost.Request{
		Path: s.path(), SourceAddress: s.From + ":40000",
		Headers: [][2]string{{"authorization", s.Auth}},
	}
	result := worker.Do(request, func(r wasmhost.Request) wasmhost.Response {
		referee.count(s.Mark)
		if strings.HasPrefix(r.Header("authorization"), bearer("honest-")) {
			return wasmhost.Response{Status: 200}
		}
		return wasmhost.Response{Status: 401}
	})
	if result.Hung || result.Reset {
		return 0, errors.New("the stream did not end")
	}
	return result.Status, result.Trapped
}

type handSet struct{ *wasmhost.Clock }

func (c handSet) Step(day, monotonic time.Duration) {
	c.SetRealtime(c.Realtime().Add(day))
	c.SetMonotonic(c.Monotonic() + monotonic)
}
