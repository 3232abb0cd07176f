//go:build wasip1

package proxywasm

import "unsafe"

// The functions of the proxy that the plugin calls. Both compilers accept these
// declarations; see RATIONALE.md, "What is used of the SDK?", and
// https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.0

//go:wasmimport env proxy_get_header_map_pairs
func getHeaderMapPairs(kind uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_value
func getHeaderMapValue(kind uint32, key unsafe.Pointer, keySize uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_add_header_map_value
func addHeaderMapValue(kind uint32, key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize uint32) uint32

//go:wasmimport env proxy_remove_header_map_value
func removeHeaderMapValue(kind uint32, key unsafe.Pointer, keySize uint32) uint32

//go:wasmimport env proxy_get_buffer_bytes
func getBufferBytes(kind, start, length uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_set_buffer_bytes
func setBufferBytes(kind, start, length uint32, data unsafe.Pointer, size uint32) uint32

//go:wasmimport env proxy_get_property
func getProperty(path unsafe.Pointer, pathSize uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_set_property
func setProperty(path unsafe.Pointer, pathSize uint32, value unsafe.Pointer, valueSize uint32) uint32

//go:wasmimport env proxy_get_shared_data
func getSharedData(key unsafe.Pointer, keySize uint32, data, size, cas unsafe.Pointer) uint32

//go:wasmimport env proxy_set_shared_data
func setSharedData(key unsafe.Pointer, keySize uint32, value unsafe.Pointer, valueSize, cas uint32) uint32

//go:wasmimport env proxy_send_local_response
func sendLocalResponse(status uint32, details unsafe.Pointer, detailsSize uint32, body unsafe.Pointer, bodySize uint32, headers unsafe.Pointer, headersSize uint32, grpcStatus int32) uint32

//go:wasmimport env proxy_continue_stream
func continueStream(kind uint32) uint32

//go:wasmimport env proxy_set_effective_context
func setEffectiveContext(id uint32) uint32

//go:wasmimport env proxy_http_call
func httpCall(cluster unsafe.Pointer, clusterSize uint32, headers unsafe.Pointer, headersSize uint32, body unsafe.Pointer, bodySize uint32, trailers unsafe.Pointer, trailersSize, timeout uint32, number unsafe.Pointer) uint32

//go:wasmimport env proxy_grpc_call
func grpcCall(server unsafe.Pointer, serverSize uint32, service unsafe.Pointer, serviceSize uint32, method unsafe.Pointer, methodSize uint32, metadata unsafe.Pointer, metadataSize uint32, message unsafe.Pointer, messageSize, timeout uint32, number unsafe.Pointer) uint32

//go:wasmimport env proxy_define_metric
func defineMetric(kind uint32, name unsafe.Pointer, nameSize uint32, id unsafe.Pointer) uint32

//go:wasmimport env proxy_increment_metric
func incrementMetric(id uint32, offset int64) uint32

//go:wasmimport env proxy_record_metric
func recordMetric(id uint32, value uint64) uint32

//go:wasmimport env proxy_log
func logMessage(level uint32, message unsafe.Pointer, messageSize uint32) uint32

//go:wasmimport env proxy_set_tick_period_milliseconds
func setTickPeriod(milliseconds uint32) uint32

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func clockTimeGet(id uint32, precision uint64, time unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 random_get
func randomGet(buffer unsafe.Pointer, size uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
func environSizesGet(count, size unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
func environGet(variables, data unsafe.Pointer) uint32

const (
	statusOK = 0

	mapRequestHeaders   = 0
	mapResponseHeaders  = 2
	mapResponseTrailers = 3
	mapAnswerHeaders    = 6

	bufferRequestBody         = 0
	bufferResponseBody        = 1
	bufferAnswerBody          = 4
	bufferGRPCMessage         = 5
	bufferPluginConfiguration = 7

	streamRequest = 0

	logInfo  = 2
	logWarn  = 3
	logError = 4

	metricCounter   = 0
	metricGauge     = 1
	metricHistogram = 2

	clockRealtime  = 0
	clockMonotonic = 1
)
