//go:build wasip1 && !tinygo

package stdgo

import "unsafe"

// host puts the proxy-wasm ABI 0.2.0 behind the SDK's host interface. Each
// method calls the function of the same name that the host exports.
// See https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.0
//
// Results of type **byte and *int go to the host as pointers to Go's 64-bit
// slots. Wasm's addresses and sizes have 32 bits, so the host fills the low
// half of a slot that the SDK has zeroed: memory is little-endian, and the slot
// holds the right value.
type host struct{}

//go:wasmimport env proxy_log
func hostLog(level uint32, message unsafe.Pointer, messageSize uint32) uint32

func (host) ProxyLog(level uint32, message *byte, messageSize int) uint32 {
	return hostLog(level, unsafe.Pointer(message), uint32(messageSize))
}

//go:wasmimport env proxy_set_property
func hostSetProperty(path unsafe.Pointer, pathSize uint32, value unsafe.Pointer, valueSize uint32) uint32

func (host) ProxySetProperty(path *byte, pathSize int, value *byte, valueSize int) uint32 {
	return hostSetProperty(unsafe.Pointer(path), uint32(pathSize), unsafe.Pointer(value), uint32(valueSize))
}

//go:wasmimport env proxy_get_property
func hostGetProperty(path unsafe.Pointer, pathSize uint32, value, valueSize unsafe.Pointer) uint32

func (host) ProxyGetProperty(path *byte, pathSize int, value **byte, valueSize *int) uint32 {
	return hostGetProperty(unsafe.Pointer(path), uint32(pathSize), unsafe.Pointer(value), unsafe.Pointer(valueSize))
}

//go:wasmimport env proxy_send_local_response
func hostSendLocalResponse(status uint32, details unsafe.Pointer, detailsSize uint32, body unsafe.Pointer, bodySize uint32, headers unsafe.Pointer, headersSize uint32, grpcStatus int32) uint32

func (host) ProxySendLocalResponse(status uint32, details *byte, detailsSize int, body *byte, bodySize int, headers *byte, headersSize int, grpcStatus int32) uint32 {
	return hostSendLocalResponse(status, unsafe.Pointer(details), uint32(detailsSize), unsafe.Pointer(body), uint32(bodySize), unsafe.Pointer(headers), uint32(headersSize), grpcStatus)
}

//go:wasmimport env proxy_get_shared_data
func hostGetSharedData(key unsafe.Pointer, keySize uint32, value, valueSize, cas unsafe.Pointer) uint32

func (host) ProxyGetSharedData(key *byte, keySize int, value **byte, valueSize *int, cas *uint32) uint32 {
	return hostGetSharedData(unsafe.Pointer(key), uint32(keySize), unsafe.Pointer(value), unsafe.Pointer(valueSize), unsafe.Pointer(cas))
}

//go:wasmimport env proxy_set_shared_data
func hostSetSharedData(key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize, cas uint32) uint32

func (host) ProxySetSharedData(key *byte, keySize int, value *byte, valueSize int, cas uint32) uint32 {
	return hostSetSharedData(unsafe.Pointer(key), uint32(keySize), unsafe.Pointer(value), uint32(valueSize), cas)
}

//go:wasmimport env proxy_register_shared_queue
func hostRegisterSharedQueue(name unsafe.Pointer, nameSize uint32, id unsafe.Pointer) uint32

func (host) ProxyRegisterSharedQueue(name *byte, nameSize int, id *uint32) uint32 {
	return hostRegisterSharedQueue(unsafe.Pointer(name), uint32(nameSize), unsafe.Pointer(id))
}

//go:wasmimport env proxy_resolve_shared_queue
func hostResolveSharedQueue(vmID unsafe.Pointer, vmIDSize uint32, name unsafe.Pointer, nameSize uint32, id unsafe.Pointer) uint32

func (host) ProxyResolveSharedQueue(vmID *byte, vmIDSize int, name *byte, nameSize int, id *uint32) uint32 {
	return hostResolveSharedQueue(unsafe.Pointer(vmID), uint32(vmIDSize), unsafe.Pointer(name), uint32(nameSize), unsafe.Pointer(id))
}

//go:wasmimport env proxy_dequeue_shared_queue
func hostDequeueSharedQueue(id uint32, value, valueSize unsafe.Pointer) uint32

func (host) ProxyDequeueSharedQueue(id uint32, value **byte, valueSize *int) uint32 {
	return hostDequeueSharedQueue(id, unsafe.Pointer(value), unsafe.Pointer(valueSize))
}

//go:wasmimport env proxy_enqueue_shared_queue
func hostEnqueueSharedQueue(id uint32, value unsafe.Pointer, valueSize uint32) uint32

func (host) ProxyEnqueueSharedQueue(id uint32, value *byte, valueSize int) uint32 {
	return hostEnqueueSharedQueue(id, unsafe.Pointer(value), uint32(valueSize))
}

//go:wasmimport env proxy_get_header_map_value
func hostGetHeaderMapValue(headerMap uint32, key unsafe.Pointer, keySize uint32, value, valueSize unsafe.Pointer) uint32

func (host) ProxyGetHeaderMapValue(headerMap uint32, key *byte, keySize int, value **byte, valueSize *int) uint32 {
	return hostGetHeaderMapValue(headerMap, unsafe.Pointer(key), uint32(keySize), unsafe.Pointer(value), unsafe.Pointer(valueSize))
}

//go:wasmimport env proxy_add_header_map_value
func hostAddHeaderMapValue(headerMap uint32, key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32) uint32

func (host) ProxyAddHeaderMapValue(headerMap uint32, key *byte, keySize int, value *byte, valueSize int) uint32 {
	return hostAddHeaderMapValue(headerMap, unsafe.Pointer(key), uint32(keySize), unsafe.Pointer(value), uint32(valueSize))
}

//go:wasmimport env proxy_replace_header_map_value
func hostReplaceHeaderMapValue(headerMap uint32, key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32) uint32

func (host) ProxyReplaceHeaderMapValue(headerMap uint32, key *byte, keySize int, value *byte, valueSize int) uint32 {
	return hostReplaceHeaderMapValue(headerMap, unsafe.Pointer(key), uint32(keySize), unsafe.Pointer(value), uint32(valueSize))
}

//go:wasmimport env proxy_continue_stream
func hostContinueStream(stream uint32) uint32

func (host) ProxyContinueStream(stream uint32) uint32 {
	return hostContinueStream(stream)
}

//go:wasmimport env proxy_close_stream
func hostCloseStream(stream uint32) uint32

func (host) ProxyCloseStream(stream uint32) uint32 {
	return hostCloseStream(stream)
}

//go:wasmimport env proxy_remove_header_map_value
func hostRemoveHeaderMapValue(headerMap uint32, key unsafe.Pointer, keySize uint32) uint32

func (host) ProxyRemoveHeaderMapValue(headerMap uint32, key *byte, keySize int) uint32 {
	return hostRemoveHeaderMapValue(headerMap, unsafe.Pointer(key), uint32(keySize))
}

//go:wasmimport env proxy_get_header_map_pairs
func hostGetHeaderMapPairs(headerMap uint32, pairs, pairsSize unsafe.Pointer) uint32

func (host) ProxyGetHeaderMapPairs(headerMap uint32, pairs **byte, pairsSize *int) uint32 {
	return hostGetHeaderMapPairs(headerMap, unsafe.Pointer(pairs), unsafe.Pointer(pairsSize))
}

//go:wasmimport env proxy_set_header_map_pairs
func hostSetHeaderMapPairs(headerMap uint32, pairs unsafe.Pointer, pairsSize uint32) uint32

func (host) ProxySetHeaderMapPairs(headerMap uint32, pairs *byte, pairsSize int) uint32 {
	return hostSetHeaderMapPairs(headerMap, unsafe.Pointer(pairs), uint32(pairsSize))
}

//go:wasmimport env proxy_get_buffer_bytes
func hostGetBufferBytes(buffer, start, maxSize uint32, value, valueSize unsafe.Pointer) uint32

func (host) ProxyGetBufferBytes(buffer uint32, start, maxSize int, value **byte, valueSize *int) uint32 {
	return hostGetBufferBytes(buffer, uint32(start), uint32(maxSize), unsafe.Pointer(value), unsafe.Pointer(valueSize))
}

//go:wasmimport env proxy_set_buffer_bytes
func hostSetBufferBytes(buffer, start, maxSize uint32, value unsafe.Pointer, valueSize uint32) uint32

func (host) ProxySetBufferBytes(buffer uint32, start, maxSize int, value *byte, valueSize int) uint32 {
	return hostSetBufferBytes(buffer, uint32(start), uint32(maxSize), unsafe.Pointer(value), uint32(valueSize))
}

//go:wasmimport env proxy_http_call
func hostHttpCall(upstream unsafe.Pointer, upstreamSize uint32, headers unsafe.Pointer, headersSize uint32, body unsafe.Pointer, bodySize uint32, trailers unsafe.Pointer, trailersSize, timeout uint32, id unsafe.Pointer) uint32

func (host) ProxyHttpCall(upstream *byte, upstreamSize int, headers *byte, headersSize int, body *byte, bodySize int, trailers *byte, trailersSize int, timeout uint32, id *uint32) uint32 {
	return hostHttpCall(unsafe.Pointer(upstream), uint32(upstreamSize), unsafe.Pointer(headers), uint32(headersSize), unsafe.Pointer(body), uint32(bodySize), unsafe.Pointer(trailers), uint32(trailersSize), timeout, unsafe.Pointer(id))
}

//go:wasmimport env proxy_call_foreign_function
func hostCallForeignFunction(name unsafe.Pointer, nameSize uint32, argument unsafe.Pointer, argumentSize uint32, result, resultSize unsafe.Pointer) uint32

func (host) ProxyCallForeignFunction(name *byte, nameSize int, argument *byte, argumentSize int, result **byte, resultSize *int) uint32 {
	return hostCallForeignFunction(unsafe.Pointer(name), uint32(nameSize), unsafe.Pointer(argument), uint32(argumentSize), unsafe.Pointer(result), unsafe.Pointer(resultSize))
}

//go:wasmimport env proxy_set_tick_period_milliseconds
func hostSetTickPeriodMilliseconds(period uint32) uint32

func (host) ProxySetTickPeriodMilliseconds(period uint32) uint32 {
	return hostSetTickPeriodMilliseconds(period)
}

//go:wasmimport env proxy_set_effective_context
func hostSetEffectiveContext(id uint32) uint32

func (host) ProxySetEffectiveContext(id uint32) uint32 {
	return hostSetEffectiveContext(id)
}

//go:wasmimport env proxy_done
func hostDone() uint32

func (host) ProxyDone() uint32 {
	return hostDone()
}

//go:wasmimport env proxy_define_metric
func hostDefineMetric(kind uint32, name unsafe.Pointer, nameSize uint32, id unsafe.Pointer) uint32

func (host) ProxyDefineMetric(kind uint32, name *byte, nameSize int, id *uint32) uint32 {
	return hostDefineMetric(kind, unsafe.Pointer(name), uint32(nameSize), unsafe.Pointer(id))
}

//go:wasmimport env proxy_increment_metric
func hostIncrementMetric(id uint32, offset int64) uint32

func (host) ProxyIncrementMetric(id uint32, offset int64) uint32 {
	return hostIncrementMetric(id, offset)
}

//go:wasmimport env proxy_record_metric
func hostRecordMetric(id uint32, value uint64) uint32

func (host) ProxyRecordMetric(id uint32, value uint64) uint32 {
	return hostRecordMetric(id, value)
}

//go:wasmimport env proxy_get_metric
func hostGetMetric(id uint32, value unsafe.Pointer) uint32

func (host) ProxyGetMetric(id uint32, value *uint64) uint32 {
	return hostGetMetric(id, unsafe.Pointer(value))
}
