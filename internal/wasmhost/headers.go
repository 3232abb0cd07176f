package wasmhost

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/internal/hostform"
)

// headerMap is a header or trailer map as Envoy keeps it: lines in order, names
// in lower case, pseudo headers in front.
type headerMap struct {
	pairs [][2]string
	joins hostform.Names
}

func newHeaderMap(joins hostform.Names, pairs ...[2]string) *headerMap {
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

// size returns how many bytes names and values have.
func (m *headerMap) size() (bytes int) {
	for _, p := range m.pairs {
		bytes += len(p[0]) + len(p[1])
	}
	return bytes
}

func (m *headerMap) len() int {
	if m == nil {
		return 0
	}
	return len(m.pairs)
}

// EncodePairs writes pairs as the ABI passes maps through memory.
func EncodePairs(pairs [][2]string) []byte { return hostform.Pairs(pairs) }

// Envoy takes no larger maps from a guest:
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/include/proxy-wasm/limits.h
const (
	maxPairsBytes = 1 << 20
	maxPairs      = 1024
)

// DecodePairs reads what EncodePairs writes. For anything else, and anything over
// Envoy's limits, it returns no pairs and no error, as Envoy does.
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
