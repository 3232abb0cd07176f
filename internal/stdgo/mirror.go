//go:build wasip1 && !tinygo

package stdgo

import "runtime"

// hostInterface has the methods of the SDK's internal.ProxyWasmHost, in which
// each named integer type is written as the uint32 that it is: the names are
// out of reach, the calling convention is the same. A test holds it against
// the SDK's source.
type hostInterface interface {
	ProxyLog(level uint32, message *byte, messageSize int) uint32
	ProxySetProperty(path *byte, pathSize int, value *byte, valueSize int) uint32
	ProxyGetProperty(path *byte, pathSize int, value **byte, valueSize *int) uint32
	ProxySendLocalResponse(status uint32, details *byte, detailsSize int, body *byte, bodySize int, headers *byte, headersSize int, grpcStatus int32) uint32
	ProxyGetSharedData(key *byte, keySize int, value **byte, valueSize *int, cas *uint32) uint32
	ProxySetSharedData(key *byte, keySize int, value *byte, valueSize int, cas uint32) uint32
	ProxyRegisterSharedQueue(name *byte, nameSize int, id *uint32) uint32
	ProxyResolveSharedQueue(vmID *byte, vmIDSize int, name *byte, nameSize int, id *uint32) uint32
	ProxyDequeueSharedQueue(id uint32, value **byte, valueSize *int) uint32
	ProxyEnqueueSharedQueue(id uint32, value *byte, valueSize int) uint32
	ProxyGetHeaderMapValue(headerMap uint32, key *byte, keySize int, value **byte, valueSize *int) uint32
	ProxyAddHeaderMapValue(headerMap uint32, key *byte, keySize int, value *byte, valueSize int) uint32
	ProxyReplaceHeaderMapValue(headerMap uint32, key *byte, keySize int, value *byte, valueSize int) uint32
	ProxyContinueStream(stream uint32) uint32
	ProxyCloseStream(stream uint32) uint32
	ProxyRemoveHeaderMapValue(headerMap uint32, key *byte, keySize int) uint32
	ProxyGetHeaderMapPairs(headerMap uint32, pairs **byte, pairsSize *int) uint32
	ProxySetHeaderMapPairs(headerMap uint32, pairs *byte, pairsSize int) uint32
	ProxyGetBufferBytes(buffer uint32, start, maxSize int, value **byte, valueSize *int) uint32
	ProxySetBufferBytes(buffer uint32, start, maxSize int, value *byte, valueSize int) uint32
	ProxyHttpCall(upstream *byte, upstreamSize int, headers *byte, headersSize int, body *byte, bodySize int, trailers *byte, trailersSize int, timeout uint32, id *uint32) uint32
	ProxyCallForeignFunction(name *byte, nameSize int, argument *byte, argumentSize int, result **byte, resultSize *int) uint32
	ProxySetTickPeriodMilliseconds(period uint32) uint32
	ProxySetEffectiveContext(id uint32) uint32
	ProxyDone() uint32
	ProxyDefineMetric(kind uint32, name *byte, nameSize int, id *uint32) uint32
	ProxyIncrementMetric(id uint32, offset int64) uint32
	ProxyRecordMetric(id uint32, value uint64) uint32
	ProxyGetMetric(id uint32, value *uint64) uint32
}

// keep names every method of the mirrored interface. The linker drops methods
// that no interface call in sight can reach, and the SDK's calls go through an
// interface with other type names: without this list the first host call would
// die with "unreachable method called. linker bug?".
var keep = []any{
	hostInterface.ProxyLog,
	hostInterface.ProxySetProperty,
	hostInterface.ProxyGetProperty,
	hostInterface.ProxySendLocalResponse,
	hostInterface.ProxyGetSharedData,
	hostInterface.ProxySetSharedData,
	hostInterface.ProxyRegisterSharedQueue,
	hostInterface.ProxyResolveSharedQueue,
	hostInterface.ProxyDequeueSharedQueue,
	hostInterface.ProxyEnqueueSharedQueue,
	hostInterface.ProxyGetHeaderMapValue,
	hostInterface.ProxyAddHeaderMapValue,
	hostInterface.ProxyReplaceHeaderMapValue,
	hostInterface.ProxyContinueStream,
	hostInterface.ProxyCloseStream,
	hostInterface.ProxyRemoveHeaderMapValue,
	hostInterface.ProxyGetHeaderMapPairs,
	hostInterface.ProxySetHeaderMapPairs,
	hostInterface.ProxyGetBufferBytes,
	hostInterface.ProxySetBufferBytes,
	hostInterface.ProxyHttpCall,
	hostInterface.ProxyCallForeignFunction,
	hostInterface.ProxySetTickPeriodMilliseconds,
	hostInterface.ProxySetEffectiveContext,
	hostInterface.ProxyDone,
	hostInterface.ProxyDefineMetric,
	hostInterface.ProxyIncrementMetric,
	hostInterface.ProxyRecordMetric,
	hostInterface.ProxyGetMetric,
}

func init() { runtime.KeepAlive(keep) }
