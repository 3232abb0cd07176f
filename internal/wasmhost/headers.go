package wasmhost

import (
	"encoding/binary"
	"slices"
	"strings"
)

// headerMap is a header or trailer map as Envoy keeps it: lines in order, names
// in lower case, pseudo headers in front.
type headerMap struct {
	pairs [][2]string
	joins joinSet
}

// A joinSet are the names of which a map has at most one line: adding another
// value puts it behind a comma in that line. They are the headers that Envoy
// keeps in fields of their own, and more of them come with its extensions, so
// that another build may have fewer:
// https://github.com/envoyproxy/envoy/blob/v1.36.0/envoy/http/header_map.h
// (INLINE_REQ_STRING_HEADERS and following). These are those of Envoy 1.40 with
// all extensions, as the contract has found them.
type joinSet map[string]bool

var requestJoins = joinNames(`
	:authority :path :method :scheme
	accept accept-encoding access-control-request-headers access-control-request-method
	authorization cache-control content-encoding content-type expect grpc-timeout
	if-match if-modified-since if-none-match if-range if-unmodified-since origin
	pragma referer user-agent via x-envoy-decorator-operation
	x-envoy-external-address x-envoy-original-path x-forwarded-for x-forwarded-host
	x-forwarded-port x-forwarded-proto x-request-id`)

var responseJoins = joinNames(`
	:status
	access-control-allow-credentials access-control-allow-headers
	access-control-allow-methods access-control-allow-origin
	access-control-allow-private-network access-control-expose-headers
	access-control-max-age age cache-control content-encoding content-type date
	etag expires grpc-message grpc-status last-modified location proxy-status
	server upgrade vary via x-envoy-ratelimited x-envoy-upstream-service-time
	x-request-id`)

func joinNames(names string) joinSet {
	set := joinSet{}
	for _, name := range strings.Fields(names) {
		set[name] = true
	}
	return set
}

func newHeaderMap(joins joinSet, pairs ...[2]string) *headerMap {
	m := &headerMap{joins: joins}
	for _, p := range pairs {
		m.add(p[0], p[1])
	}
	return m
}

// get returns the first line only, as Envoy does for a guest.
func (m *headerMap) get(name string) (string, bool) {
	name = strings.ToLower(name)
	for _, p := range m.pairs {
		if p[0] == name {
			return p[1], true
		}
	}
	return "", false
}

// joined returns all lines of a name with commas between, as properties do.
func (m *headerMap) joined(name string) (string, bool) {
	name = strings.ToLower(name)
	var values []string
	for _, p := range m.pairs {
		if p[0] == name {
			values = append(values, p[1])
		}
	}
	return strings.Join(values, ","), len(values) > 0
}

func (m *headerMap) add(name, value string) {
	name = strings.ToLower(name)
	if m.joins[name] {
		for i, p := range m.pairs {
			if p[0] == name {
				m.pairs[i][1] = p[1] + "," + value
				return
			}
		}
	}
	at := len(m.pairs)
	if strings.HasPrefix(name, ":") {
		at = slices.IndexFunc(m.pairs, func(p [2]string) bool { return !strings.HasPrefix(p[0], ":") })
		if at < 0 {
			at = len(m.pairs)
		}
	}
	m.pairs = slices.Insert(m.pairs, at, [2]string{name, value})
}

func (m *headerMap) remove(name string) {
	name = strings.ToLower(name)
	m.pairs = slices.DeleteFunc(m.pairs, func(p [2]string) bool { return p[0] == name })
}

// replace moves the line to the end, also if there was one.
func (m *headerMap) replace(name, value string) {
	m.remove(name)
	m.add(name, value)
}

func (m *headerMap) clone() *headerMap {
	if m == nil {
		return nil
	}
	return &headerMap{pairs: slices.Clone(m.pairs), joins: m.joins}
}

func (m *headerMap) list() [][2]string {
	if m == nil {
		return nil
	}
	return slices.Clone(m.pairs)
}

func (m *headerMap) len() int {
	if m == nil {
		return 0
	}
	return len(m.pairs)
}

// EncodePairs writes pairs as the ABI passes maps through memory: their number,
// the sizes of all names and values, then the bytes, each ended by a zero. See
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/pairs_util.cc
func EncodePairs(pairs [][2]string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[0])))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[1])))
	}
	for _, p := range pairs {
		b = append(append(b, p[0]...), 0)
		b = append(append(b, p[1]...), 0)
	}
	return b
}

// Envoy takes no larger maps from a guest:
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/include/proxy-wasm/limits.h
const (
	maxPairsBytes = 1 << 20
	maxPairs      = 1024
)

// DecodePairs reads what EncodePairs writes. Anything else, and anything over
// Envoy's limits, is no pairs at all, without an error: that is how Envoy takes
// it.
func DecodePairs(b []byte) [][2]string {
	if len(b) < 4 || len(b) > maxPairsBytes {
		return nil
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n > maxPairs || len(b) < 4+8*n {
		return nil
	}
	sizes, data := b[4:4+8*n], b[4+8*n:]
	pairs := make([][2]string, n)
	for i := range 2 * n {
		size := int(binary.LittleEndian.Uint32(sizes[4*i:]))
		if size >= len(data) || data[size] != 0 {
			return nil
		}
		pairs[i/2][i%2] = string(data[:size])
		data = data[size+1:]
	}
	if len(data) != 0 {
		return nil
	}
	return pairs
}
