package wasmhost

import (
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/internal/envoyversion"
	"github.com/gatewarden/gatewarden/internal/hostform"
)

// filterStatePrefix goes before the path of a property that a guest sets.
const filterStatePrefix = "wasm."

// Path joins the parts of a property's path as the ABI does.
func Path(parts ...string) string { return strings.Join(parts, "\x00") }

// SetProperty stores a value in the filter state of the stream, where the
// access log finds it under "wasm." and the path. A path of several parts keeps
// the zero bytes between them in that name, and cannot be read back.
func (h *Host) SetProperty(path, value string) Status {
	s := h.stream()
	if s == nil {
		return NotFound
	}
	s.filterState[filterStatePrefix+path] = value
	return OK
}

// GetProperty returns an attribute as bytes: strings as they are, integers,
// timestamps and durations as 8 bytes little endian. See
// https://www.envoyproxy.io/docs/envoy/v1.36.0/intro/arch_overview/advanced/attributes
func (h *Host) GetProperty(path string) ([]byte, Status) {
	if path == "" {
		return nil, SerializationFailure
	}
	if path == envoyversion.Property {
		return semanticVersion(envoyversion.Newest), OK
	}
	parts := strings.Split(strings.TrimSuffix(path, "\x00"), "\x00")
	if value, ok := h.pluginProperty(parts); ok {
		return value, OK
	}
	s := h.stream()
	if s == nil {
		return nil, NotFound
	}
	if parts[0] == "metadata" && len(parts) > 1 && parts[1] == "filter_metadata" {
		return s.metadata(parts[2:])
	}
	if value, ok := s.property(parts); ok {
		return value, OK
	}
	return nil, NotFound
}

// semanticVersion is a message envoy.type.v3.SemanticVersion. Zeros are left out.
func semanticVersion(v envoyversion.Version) []byte {
	var b []byte
	for i, n := range []uint32{v.Major, v.Minor, v.Patch} {
		if n > 0 {
			b = binary.AppendUvarint(append(b, byte(i+1)<<3), uint64(n))
		}
	}
	return b
}

func (h *Host) pluginProperty(parts []string) ([]byte, bool) {
	if len(parts) != 1 {
		return nil, false
	}
	switch parts[0] {
	case "plugin_name":
		return []byte(h.options.PluginName), true
	case "plugin_root_id":
		return []byte(h.options.RootID), true
	case "plugin_vm_id":
		return []byte(h.process.VMID), true
	}
	return nil, false
}

func (s *stream) property(parts []string) ([]byte, bool) {
	if len(parts) == 1 {
		value, ok := s.filterState[filterStatePrefix+parts[0]]
		return []byte(value), ok
	}
	switch parts[0] {
	case "source":
		return s.sourceProperty(parts[1])
	case "request":
		return s.requestProperty(parts[1:])
	case "response":
		return s.responseProperty(parts[1:])
	case "connection":
		switch parts[1] {
		case "mtls":
			return []byte{0}, true
		case "requested_server_name":
			return nil, true
		case "id":
			return number(1), true
		}
	}
	return nil, false
}

// metadata is what other filters have left behind.
func (s *stream) metadata(parts []string) ([]byte, Status) {
	value, found := hostform.Below(s.in.Metadata, parts)
	if !found {
		return nil, NotFound
	}
	if b, ok := hostform.Value(value); ok {
		return b, OK
	}
	return nil, SerializationFailure
}

func (s *stream) sourceProperty(name string) ([]byte, bool) {
	switch name {
	case "address":
		return []byte(s.in.SourceAddress), true
	case "port":
		_, port, err := net.SplitHostPort(s.in.SourceAddress)
		if err != nil {
			return nil, false
		}
		n, err := strconv.Atoi(port)
		return number(n), err == nil
	}
	return nil, false
}

// requestProperty needs the request's headers for all but a few attributes, and
// these are gone when they are gone for the guest.
func (s *stream) requestProperty(parts []string) ([]byte, bool) {
	headers := s.host.readMap(RequestHeaders)
	switch parts[0] {
	case "protocol":
		return []byte("HTTP/1.1"), true
	case "time":
		return number(int(s.started.UnixNano())), true
	case "duration":
		return number(int(s.host.process.Clock.Realtime().Sub(s.started) / time.Nanosecond)), s.logging
	case "size":
		return number(s.request.received), true
	}
	if headers == nil {
		return nil, false
	}
	path, _ := headers.get(":path")
	switch parts[0] {
	case "total_size":
		return number(headers.size() + s.request.received), true
	case "path":
		return []byte(path), true
	case "url_path":
		urlPath, _, _ := strings.Cut(path, "?")
		return []byte(urlPath), true
	case "query":
		_, query, _ := strings.Cut(path, "?")
		return []byte(query), true
	case "headers":
		if len(parts) != 2 {
			return nil, false
		}
		return bytesOf(headers.joined(parts[1]))
	}
	if name, ok := requestAttributes[parts[0]]; ok {
		return bytesOf(headers.get(name))
	}
	return nil, false
}

var requestAttributes = map[string]string{
	"host": ":authority", "method": ":method", "scheme": ":scheme",
	"referer": "referer", "useragent": "user-agent", "id": "x-request-id",
}

func (s *stream) responseProperty(parts []string) ([]byte, bool) {
	switch parts[0] {
	case "code":
		return number(s.code), s.code != 0
	case "code_details":
		return []byte(s.details), s.explained
	case "size":
		return number(s.response.received), true
	case "headers":
		if m := s.host.readMap(ResponseHeaders); m != nil && len(parts) == 2 {
			return bytesOf(m.joined(parts[1]))
		}
	case "trailers":
		if m := s.host.readMap(ResponseTrailers); m != nil && len(parts) == 2 {
			return bytesOf(m.joined(parts[1]))
		}
	}
	return nil, false
}

func bytesOf(value string, ok bool) ([]byte, bool) { return []byte(value), ok }

func number(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
