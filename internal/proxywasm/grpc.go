package proxywasm

import "encoding/binary"

// appendServer appends the message envoy.config.core.v3.GrpcService whose field
// envoy_grpc names a cluster. Envoy takes a bare name, too, but only if the name does not
// happen to be such a message. See
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/core/v3/grpc_service.proto
func appendServer(b []byte, cluster string) []byte {
	const first = 0x0a // field 1, a message or a string
	var length [binary.MaxVarintLen64]byte
	name := binary.PutUvarint(length[:], uint64(len(cluster)))
	b = append(b, first)
	b = binary.AppendUvarint(b, uint64(1+name+len(cluster)))
	b = append(b, first)
	b = append(b, length[:name]...)
	return append(b, cluster...)
}
