//go:build wasip1

package main

import (
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

// do carries out one step. What the steps mean is told where they are made, in
// the package contract.
func (c *callback) do(s script.Step) {
	op, ok := ops[s.Op]
	if !ok {
		c.line("unknown operation", s.Op)
		return
	}
	op(c, s.Args)
}

var ops map[string]func(c *callback, args []string)

func init() {
	ops = map[string]func(c *callback, args []string){
		"call":              (*callback).call,
		"pause":             func(c *callback, _ []string) { c.action = 1 },
		"pause-stream":      func(c *callback, _ []string) { c.action = 2 },
		"pause-all":         func(c *callback, _ []string) { c.action = 4 },
		"pause-until-end":   (*callback).pauseUntilEnd,
		"continue":          func(c *callback, a []string) { c.line("continue", name(proxyContinueStream(number(a[0])))) },
		"get-shared":        (*callback).getShared,
		"set-shared":        (*callback).setShared,
		"get":               (*callback).get,
		"pairs":             (*callback).pairs,
		"set-pairs":         (*callback).setPairs,
		"add-twice":         (*callback).addTwice,
		"count":             (*callback).count,
		"add":               (*callback).add,
		"replace":           (*callback).replace,
		"remove":            (*callback).remove,
		"buffer":            (*callback).buffer,
		"buffer-at-end":     atEnd((*callback).buffer),
		"set-buffer":        (*callback).setBuffer,
		"set-buffer-at-end": atEnd((*callback).setBuffer),
		"property":          (*callback).property,
		"growth":            (*callback).growth,
		"set-property":      (*callback).setProperty,
		"reply":             (*callback).reply,
		"reply-at-end":      atEnd((*callback).reply),
		"clocks":            (*callback).clocks,
		"clock":             (*callback).clock,
		"random":            (*callback).random,
		"metric":            (*callback).metric,
		"foreign":           (*callback).foreign,
		"http-call":         (*callback).httpCall,
		"grpc-call":         (*callback).grpcCall,
		"attend":            func(c *callback, _ []string) { c.line("attend", name(proxySetEffectiveContext(c.id))) },
		"effective":         func(c *callback, a []string) { c.line("effective", name(proxySetEffectiveContext(number(a[0])))) },
		"collect":           (*callback).collect,
		"env":               func(c *callback, a []string) { c.line("env", a[0], strconv.Quote(os.Getenv(a[0]))) },
		"print":             func(_ *callback, a []string) { println(a[0]) },
		"panic":             func(*callback, []string) { panic("as the contract says") },
	}
}

// atEnd does something only in the last callback of its phase.
func atEnd(op func(*callback, []string)) func(*callback, []string) {
	return func(c *callback, args []string) {
		if c.end {
			op(c, args)
		}
	}
}

// call notes the callback itself with its arguments.
func (c *callback) call([]string) {
	c.line("size="+strconv.Itoa(int(c.size)), "end="+strconv.FormatBool(c.end))
}

func (c *callback) pauseUntilEnd([]string) {
	if !c.end {
		c.action = 1
	}
}

// cas remembers the last cas read per key, so that rows need not know numbers.
var cas = map[string]uint32{}

func (c *callback) getShared(a []string) {
	value, now, status := getSharedData(a[0])
	changed := ""
	if status == 0 {
		changed = "cas changed: " + strconv.FormatBool(now != cas[a[0]])
		cas[a[0]] = now
	}
	c.line("get-shared", a[0], name(status), strconv.Quote(value), changed)
}

// setShared takes the cas "0", "right" (the one last read), "old" (another one
// that was once right) or "impossible".
func (c *callback) setShared(a []string) {
	with := uint32(0)
	switch a[2] {
	case "right":
		with = cas[a[0]]
	case "old":
		with = cas[a[0]] - 1
	case "impossible":
		with = 0xffffffff
	}
	c.line("set-shared", a[0], a[2], name(setSharedData(a[0], a[1], with)))
}

func (c *callback) get(a []string) {
	value, status := headerValue(number(a[0]), a[1])
	c.line("get", a[0], a[1], name(status), strconv.Quote(value))
}

// pairs lists the names and values whose names have a prefix.
func (c *callback) pairs(a []string) {
	var s slot
	pointer, length := s.args()
	status := proxyGetHeaderMapPairs(number(a[0]), pointer, length)
	text := s.String()
	var found []string
	for _, p := range decodePairs(text) {
		if strings.HasPrefix(p[0], a[1]) {
			found = append(found, p[0]+"="+p[1])
		}
	}
	empty := ""
	if text == "" {
		empty = " (no bytes)"
	}
	c.line("pairs", a[0], name(status), "["+strings.Join(found, " | ")+"]"+empty)
}

func (c *callback) addTwice(a []string) {
	for _, name := range a[1:] {
		for _, value := range []string{"1", "2"} {
			proxyAddHeaderMapValue(number(a[0]), data(name), size(name), data(value), size(value))
		}
	}
}

// count tells how many lines each name has.
func (c *callback) count(a []string) {
	var s slot
	pointer, length := s.args()
	proxyGetHeaderMapPairs(number(a[0]), pointer, length)
	lines := map[string]int{}
	for _, p := range decodePairs(s.String()) {
		lines[p[0]]++
	}
	parts := []string{"count", a[0]}
	for _, name := range a[1:] {
		parts = append(parts, name+"="+strconv.Itoa(lines[name]))
	}
	c.line(parts...)
}

func (c *callback) setPairs(a []string) {
	text := encodePairs(pairArgs(a[1:]))
	c.line("set-pairs", a[0], name(proxySetHeaderMapPairs(number(a[0]), data(text), size(text))))
}

func (c *callback) add(a []string) {
	c.line("add", a[0], a[1], name(proxyAddHeaderMapValue(number(a[0]), data(a[1]), size(a[1]), data(a[2]), size(a[2]))))
}

func (c *callback) replace(a []string) {
	c.line("replace", a[0], a[1], name(proxyReplaceHeaderMapValue(number(a[0]), data(a[1]), size(a[1]), data(a[2]), size(a[2]))))
}

func (c *callback) remove(a []string) {
	c.line("remove", a[0], a[1], name(proxyRemoveHeaderMapValue(number(a[0]), data(a[1]), size(a[1]))))
}

func (c *callback) buffer(a []string) {
	var s slot
	pointer, length := s.args()
	status := proxyGetBufferBytes(number(a[0]), number(a[1]), number(a[2]), pointer, length)
	c.line("buffer", a[0], name(status), strconv.Quote(s.String()))
}

func (c *callback) setBuffer(a []string) {
	status := proxySetBufferBytes(number(a[0]), number(a[1]), number(a[2]), data(a[3]), size(a[3]))
	c.line("set-buffer", a[0], name(status))
}

// property shows a value as text, or as a number if the first argument is "int".
func (c *callback) property(a []string) {
	path := strings.Join(a[1:], "\x00")
	var s slot
	pointer, length := s.args()
	status := proxyGetProperty(data(path), size(path), pointer, length)
	value := s.String()
	shown := strconv.Quote(value)
	if a[0] == "int" && len(value) == 8 {
		shown = strconv.FormatUint(binary.LittleEndian.Uint64([]byte(value)), 10)
	}
	c.line("property", strings.Join(a[1:], "."), name(status), shown)
}

// growth remembers a number, and notes by how much it is larger than the last time.
func (c *callback) growth(a []string) {
	path := strings.Join(a, "\x00")
	var s slot
	pointer, length := s.args()
	proxyGetProperty(data(path), size(path), pointer, length)
	value := s.String()
	if len(value) != 8 {
		c.line("growth", strings.Join(a, "."), "unknown")
		return
	}
	now, before := binary.LittleEndian.Uint64([]byte(value)), c.counted
	if c.counted = now; before != 0 {
		c.line("growth", strings.Join(a, "."), strconv.FormatUint(now-before, 10))
	}
}

func (c *callback) setProperty(a []string) {
	c.line("set-property", name(proxySetProperty(data(a[0]), size(a[0]), data(a[1]), size(a[1]))))
}

// reply takes the status, the gRPC status, the details, the body and any number
// of header names and values.
func (c *callback) reply(a []string) {
	status := sendLocalResponse(number(a[0]), a[2], a[3], pairArgs(a[4:]), int32(number(a[1])))
	c.line("reply", name(status))
}

func (c *callback) clocks([]string) {
	var realtime, monotonic uint64
	first := clockTimeGet(0, 1, unsafe.Pointer(&realtime))
	second := clockTimeGet(1, 1, unsafe.Pointer(&monotonic))
	c.line("clocks", name(first), name(second),
		"realtime after 2020: "+strconv.FormatBool(realtime > 1_577_836_800e9),
		"differ: "+strconv.FormatBool(realtime != monotonic))
}

func (c *callback) clock(a []string) {
	var now uint64
	c.line("clock", a[0], strconv.Itoa(int(clockTimeGet(number(a[0]), 1, unsafe.Pointer(&now)))))
}

func (c *callback) random(a []string) {
	b := make([]byte, number(a[0]))
	errno := randomGet(unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)))
	zero := strings.Trim(string(b), "\x00") == ""
	c.line("random", a[0], "errno="+strconv.Itoa(int(errno)), "zeros: "+strconv.FormatBool(zero))
}

// metric takes the kind and the name, then increments ("+1") and records ("=1").
func (c *callback) metric(a []string) {
	var id, again uint32
	kind := number(a[0])
	parts := []string{"metric", name(proxyDefineMetric(kind, data(a[1]), size(a[1]), unsafe.Pointer(&id)))}
	proxyDefineMetric(kind, data(a[1]), size(a[1]), unsafe.Pointer(&again))
	var before, after, unknown uint64
	proxyGetMetric(id, unsafe.Pointer(&before))
	for _, change := range a[2:] {
		n, _ := strconv.ParseInt(change[1:], 10, 64)
		if change[0] == '+' {
			parts = append(parts, name(proxyIncrementMetric(id, n)))
		} else {
			parts = append(parts, name(proxyRecordMetric(id, uint64(n))))
		}
	}
	parts = append(parts, name(proxyGetMetric(again, unsafe.Pointer(&after))))
	c.line(append(parts, "changed by "+strconv.FormatInt(int64(after-before), 10),
		"same id: "+strconv.FormatBool(id == again),
		"unknown id: "+name(proxyGetMetric(0xfffffff0, unsafe.Pointer(&unknown))))...)
}

func (c *callback) foreign(a []string) {
	var s slot
	pointer, length := s.args()
	c.line("foreign", a[0], name(proxyCallForeignFunction(data(a[0]), size(a[0]), nil, 0, pointer, length)))
}

func (c *callback) httpCall(a []string) {
	headers := encodePairs(append([][2]string{{":method", "GET"}, {":path", "/"}, {":authority", "x"}}, pairArgs(a[1:])...))
	none := encodePairs(nil)
	var id uint32
	status := proxyHTTPCall(data(a[0]), size(a[0]), data(headers), size(headers), nil, 0, data(none), size(none), 1000, unsafe.Pointer(&id))
	if status == 0 {
		calls[id] = c.stream
	}
	c.line("http-call", name(status))
}

// grpcCall names the server by a GrpcService, see internal/proxywasm.
func (c *callback) grpcCall(a []string) {
	cluster := append([]byte{0x0a, byte(len(a[0]))}, a[0]...)
	cluster = append(cluster, "\x12\x09authority"...)
	server := string(append([]byte{0x0a, byte(len(cluster))}, cluster...))
	const service, timeout = "contract.Service", 200
	var id uint32
	status := proxyGRPCCall(data(server), size(server), data(service), size(service), data(a[1]), size(a[1]), nil, 0,
		data(a[2]), size(a[2]), timeout, unsafe.Pointer(&id))
	if status == 0 {
		grpcCalls[id] = c.stream
		c.waits++
	} else {
		stray = c.stream
	}
	c.line("grpc-call", name(status))
}

// collect runs the garbage collector while there is something to collect.
func (c *callback) collect(a []string) {
	kept := make([][]byte, 16)
	for i := range int(number(a[0])) {
		kept[i%len(kept)] = make([]byte, 32<<10)
	}
	runtime.GC()
	runtime.KeepAlive(kept)
	c.line("collect done")
}

func pairArgs(a []string) [][2]string {
	pairs := make([][2]string, len(a)/2)
	for i := range pairs {
		pairs[i] = [2]string{a[2*i], a[2*i+1]}
	}
	return pairs
}

func header(kind uint32, key string) (string, bool) {
	value, status := headerValue(kind, key)
	return value, status == 0
}

func headerValue(kind uint32, key string) (string, uint32) {
	var s slot
	pointer, length := s.args()
	status := proxyGetHeaderMapValue(kind, data(key), size(key), pointer, length)
	return s.String(), status
}

func getSharedData(key string) (value string, cas, status uint32) {
	var s slot
	pointer, length := s.args()
	status = proxyGetSharedData(data(key), size(key), pointer, length, unsafe.Pointer(&cas))
	return s.String(), cas, status
}

func setSharedData(key, value string, cas uint32) uint32 {
	return proxySetSharedData(data(key), size(key), data(value), size(value), cas)
}

func sendLocalResponse(code uint32, details, body string, headers [][2]string, grpcStatus int32) uint32 {
	pairs := encodePairs(headers)
	return proxySendLocalResponse(code, data(details), size(details), data(body), size(body), data(pairs), size(pairs), grpcStatus)
}
