package wasmhost

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// An invocation is one call of a proxy-wasm function: its arguments, and the
// results that are to be written into the guest's memory if the status is OK.
type invocation struct {
	*Host
	bytes  [5][]byte // byte arguments in order; they are the guest's memory
	ints   [3]uint64 // integer arguments in order
	out    []byte    // the result that memory is allocated for
	number uint64    // the result of fixed size
}

func (c *invocation) str(i int) string { return string(c.bytes[i]) }

// A proxyFunction is one import of the module "env". Its signature has a letter
// for each argument:
//
//	b  bytes: a pointer and a length
//	i  an i32     l  an i64
//	B  where to write the pointer and the length of a bytes result
//	I  where to write a u32 result     L  a u64 result
type proxyFunction struct {
	signature string
	call      func(*invocation) Status
}

// The functions of ABI 0.2.0:
// https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1
// A module that imports another one gets Unimplemented from it.
var proxyFunctions = map[string]proxyFunction{
	"proxy_log": {"ib", func(c *invocation) Status { return c.Log(LogLevel(c.ints[0]), c.str(0)) }},

	"proxy_get_property": {"bB", func(c *invocation) (s Status) { c.out, s = c.GetProperty(c.str(0)); return s }},
	"proxy_set_property": {"bb", func(c *invocation) Status { return c.SetProperty(c.str(0), c.str(1)) }},

	"proxy_get_shared_data": {"bBI", getSharedData},
	"proxy_set_shared_data": {"bbi", func(c *invocation) Status {
		return c.SetSharedData(c.str(0), c.bytes[1], uint32(c.ints[0]))
	}},

	"proxy_get_header_map_value": {"ibB", getHeaderMapValue},
	"proxy_add_header_map_value": {"ibb", func(c *invocation) Status {
		return c.AddHeaderMapValue(MapType(c.ints[0]), c.str(0), c.str(1))
	}},
	"proxy_replace_header_map_value": {"ibb", func(c *invocation) Status {
		return c.ReplaceHeaderMapValue(MapType(c.ints[0]), c.str(0), c.str(1))
	}},
	"proxy_remove_header_map_value": {"ib", func(c *invocation) Status {
		return c.RemoveHeaderMapValue(MapType(c.ints[0]), c.str(0))
	}},
	"proxy_get_header_map_pairs": {"iB", getHeaderMapPairs},
	"proxy_set_header_map_pairs": {"ib", func(c *invocation) Status {
		return c.SetHeaderMapPairs(MapType(c.ints[0]), DecodePairs(c.bytes[0]))
	}},
	"proxy_get_header_map_size": {"iI", func(c *invocation) Status {
		n, s := c.HeaderMapSize(MapType(c.ints[0]))
		c.number = uint64(n)
		return s
	}},

	"proxy_get_buffer_bytes": {"iiiB", func(c *invocation) (s Status) {
		c.out, s = c.BufferBytes(BufferType(c.ints[0]), int(c.ints[1]), int(c.ints[2]))
		return s
	}},
	"proxy_set_buffer_bytes": {"iiib", func(c *invocation) Status {
		return c.SetBufferBytes(BufferType(c.ints[0]), int(c.ints[1]), int(c.ints[2]), c.bytes[0])
	}},
	"proxy_get_buffer_status": {"iII", func(c *invocation) Status {
		n, s := c.BufferSize(BufferType(c.ints[0])) // the second word, the flags, is always 0
		c.number = uint64(n)
		return s
	}},

	"proxy_send_local_response": {"ibbbi", func(c *invocation) Status {
		return c.SendLocalResponse(int(c.ints[0]), c.str(0), c.bytes[1], DecodePairs(c.bytes[2]), int32(c.ints[1]))
	}},
	"proxy_continue_stream":       {"i", func(c *invocation) Status { return c.ContinueStream(StreamType(c.ints[0])) }},
	"proxy_close_stream":          {"i", func(c *invocation) Status { return c.CloseStream(StreamType(c.ints[0])) }},
	"proxy_set_effective_context": {"i", func(c *invocation) Status { return c.SetEffectiveContext(uint32(c.ints[0])) }},
	"proxy_done":                  {"", func(*invocation) Status { return NotFound }},

	"proxy_http_call":             {"bbbbiI", sendHTTPCall},
	"proxy_grpc_call":             {"bbbbbiI", sendGRPCCall},
	"proxy_call_foreign_function": {"bbB", func(c *invocation) (s Status) { c.out, s = c.CallForeignFunction(c.str(0), c.bytes[1]); return s }},

	"proxy_define_metric": {"ibI", func(c *invocation) Status {
		id, s := c.DefineMetric(MetricType(c.ints[0]), c.str(0))
		c.number = uint64(id)
		return s
	}},
	"proxy_increment_metric": {"il", func(c *invocation) Status {
		return c.IncrementMetric(uint32(c.ints[0]), int64(c.ints[1]))
	}},
	"proxy_record_metric": {"il", func(c *invocation) Status { return c.RecordMetric(uint32(c.ints[0]), c.ints[1]) }},
	"proxy_get_metric":    {"iL", func(c *invocation) (s Status) { c.number, s = c.GetMetric(uint32(c.ints[0])); return s }},

	"proxy_set_tick_period_milliseconds": {"i", func(c *invocation) Status {
		return c.SetTickPeriod(time.Duration(c.ints[0]) * time.Millisecond)
	}},
	"proxy_get_current_time_nanoseconds": {"L", func(c *invocation) Status {
		c.number = uint64(c.process.Clock.realtime.Load())
		return OK
	}},
	"proxy_get_log_level": {"I", func(c *invocation) Status { c.number = uint64(Trace); return OK }},
}

func getSharedData(c *invocation) Status {
	value, cas, s := c.GetSharedData(c.str(0))
	c.out, c.number = value, uint64(cas)
	return s
}

func getHeaderMapValue(c *invocation) Status {
	value, s := c.HeaderMapValue(MapType(c.ints[0]), c.str(0))
	c.out = []byte(value)
	return s
}

// getHeaderMapPairs writes nothing for a map without lines, not a count of 0.
func getHeaderMapPairs(c *invocation) Status {
	pairs, s := c.HeaderMapPairs(MapType(c.ints[0]))
	if len(pairs) > 0 {
		c.out = EncodePairs(pairs)
	}
	return s
}

func sendHTTPCall(c *invocation) Status {
	id, s := c.SendHTTPCall(HTTPCall{
		Cluster: c.str(0), Headers: DecodePairs(c.bytes[1]), Body: slices.Clone(c.bytes[2]),
		Trailers: DecodePairs(c.bytes[3]), Timeout: time.Duration(c.ints[0]) * time.Millisecond,
	})
	c.number = uint64(id)
	return s
}

func sendGRPCCall(c *invocation) Status {
	cluster, authority := serverOf(c.bytes[0])
	id, s := c.SendGRPCCall(GRPCCall{
		Cluster: cluster, Authority: authority, Service: c.str(1), Method: c.str(2), Metadata: DecodePairs(c.bytes[3]),
		Message: slices.Clone(c.bytes[4]), Timeout: time.Duration(c.ints[0]) * time.Millisecond,
	})
	c.number = uint64(id)
	return s
}

// linkProxy offers the functions that the module imports from "env".
func linkProxy(ctx context.Context, r wazero.Runtime, m wazero.CompiledModule) error {
	b := r.NewHostModuleBuilder("env")
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		if module != "env" {
			continue
		}
		implementation := unimplemented
		if p, ok := proxyFunctions[name]; ok {
			if !slices.Equal(p.params(), f.ParamTypes()) {
				return fmt.Errorf("the module imports %s with the wrong parameters %v", name, f.ParamTypes())
			}
			implementation = p.run
		}
		b.NewFunctionBuilder().
			WithGoModuleFunction(hostFunction(name, implementation), f.ParamTypes(), f.ResultTypes()).
			Export(name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

func unimplemented(*vm, api.Memory, []uint64) Status { return Unimplemented }

func hostFunction(name string, f func(*vm, api.Memory, []uint64) Status) api.GoModuleFunc {
	return func(ctx context.Context, m api.Module, stack []uint64) {
		v := vmOf(ctx)
		// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/include/proxy-wasm/wasm.h
		// (allocMemory): Envoy lets such a call trap.
		if v.restricted && name != "proxy_log" {
			panic(fmt.Errorf("%s called while the VM starts or allocates memory", name))
		}
		v.host.countCall(name)
		status := f(v, m.Memory(), stack)
		if len(stack) > 0 {
			stack[0] = uint64(status)
		}
	}
}

func (p proxyFunction) params() []api.ValueType {
	var types []api.ValueType
	for _, letter := range p.signature {
		switch letter {
		case 'l':
			types = append(types, api.ValueTypeI64)
		case 'b', 'B':
			types = append(types, api.ValueTypeI32, api.ValueTypeI32)
		default:
			types = append(types, api.ValueTypeI32)
		}
	}
	return types
}

// run reads the arguments, calls the function and writes its results.
func (p proxyFunction) run(v *vm, memory api.Memory, stack []uint64) Status {
	c := invocation{Host: v.host}
	results, ok := p.read(&c, memory, stack)
	if !ok {
		return InvalidMemoryAccess
	}
	if s := p.call(&c); s != OK {
		return s
	}
	for i, letter := range results.letters {
		at := results.at[i]
		switch letter {
		case 'B':
			ok = v.writeBytes(memory, at, results.at[i+1], c.out)
		case 'I':
			ok = memory.WriteUint32Le(at, uint32(c.number))
			c.number = 0
		case 'L':
			ok = memory.WriteUint64Le(at, c.number)
		}
		if !ok {
			return InvalidMemoryAccess
		}
	}
	return OK
}

// resultSlots are the places in the guest's memory that wait for results.
type resultSlots struct {
	letters []byte
	at      []uint32
}

func (r *resultSlots) add(letter byte, at uint64) {
	r.letters = append(r.letters, letter)
	r.at = append(r.at, uint32(at))
}

func (p proxyFunction) read(c *invocation, memory api.Memory, stack []uint64) (results resultSlots, ok bool) {
	bytes, ints := 0, 0
	for _, letter := range []byte(p.signature) {
		switch letter {
		case 'b':
			if c.bytes[bytes], ok = memory.Read(uint32(stack[0]), uint32(stack[1])); !ok {
				return results, false
			}
			bytes++
			stack = stack[2:]
			continue
		case 'B':
			results.add('B', stack[0])
			results.add(0, stack[1])
			stack = stack[2:]
			continue
		case 'i':
			c.ints[ints] = uint64(uint32(stack[0]))
			ints++
		case 'l':
			c.ints[ints] = stack[0]
			ints++
		default:
			results.add(letter, stack[0])
		}
		stack = stack[1:]
	}
	return results, true
}

// writeBytes hands a result to the guest. An empty one takes no memory: its
// pointer is 0. See
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/include/proxy-wasm/wasm.h
// (copyToPointerSize)
func (v *vm) writeBytes(memory api.Memory, pointerAt, sizeAt uint32, value []byte) bool {
	address := uint32(0)
	if len(value) > 0 {
		var ok bool
		if address, ok = v.allocate(len(value)); !ok || !memory.Write(address, value) {
			return false
		}
	}
	return memory.WriteUint32Le(pointerAt, address) && memory.WriteUint32Le(sizeAt, uint32(len(value)))
}
