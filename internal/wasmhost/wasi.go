package wasmhost

import (
	"context"
	"fmt"
	"io"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Error numbers of WASI.
const (
	wasiSuccess = 0
	wasiFault   = 21
	wasiInvalid = 28
	wasiNotSup  = 58
)

const maxRandom = 64 << 10 // more at once is refused by Envoy

// linkWASI offers wazero's WASI, with the clock and the random numbers of this
// host in place of wazero's: both are counted, and the clock is hand-set.
func linkWASI(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(wasi_snapshot_preview1.ModuleName)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(b)
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	b.NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(clockTimeGet), []api.ValueType{i32, i64, i32}, []api.ValueType{i32}).
		Export("clock_time_get")
	b.NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(randomGet), []api.ValueType{i32, i32}, []api.ValueType{i32}).
		Export("random_get")
	_, err := b.Instantiate(ctx)
	return err
}

// clockTimeGet knows the clocks that Envoy knows, realtime and monotonic.
func clockTimeGet(ctx context.Context, m api.Module, stack []uint64) {
	h := vmOf(ctx).host
	id, to := uint32(stack[0]), uint32(stack[2])
	h.countClock(id)
	var now uint64
	switch id {
	case 0:
		now = uint64(h.process.Clock.realtime.Load())
	case 1:
		now = uint64(h.process.Clock.monotonic.Load())
	default:
		stack[0] = wasiNotSup
		return
	}
	stack[0] = wasiSuccess
	if !m.Memory().WriteUint64Le(to, now) {
		stack[0] = wasiFault
	}
}

func randomGet(ctx context.Context, m api.Module, stack []uint64) {
	v := vmOf(ctx)
	at, size := uint32(stack[0]), uint32(stack[1])
	v.host.countWASI("random_get")
	if size > maxRandom {
		stack[0] = wasiInvalid
		return
	}
	memory, ok := m.Memory().Read(at, size)
	if !ok {
		stack[0] = wasiFault
		return
	}
	if _, err := io.ReadFull(v.host.options.Random, memory); err != nil {
		panic(fmt.Errorf("Options.Random: %w", err))
	}
	stack[0] = wasiSuccess
}
