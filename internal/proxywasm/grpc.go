package proxywasm

import (
	"encoding/binary"
	"strings"
)

// appendServer appends the message envoy.config.core.v3.GrpcService whose field
// envoy_grpc names a cluster. Envoy takes a bare name, too, but only if the name does not
// happen to be such a message. A call's :authority is the name, unless the message has
// another one: of Istio's names ("outbound|8081||host") only the host may be one. See
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/core/v3/grpc_service.proto
func appendServer(b []byte, cluster string) []byte {
	const envoyGRPC, clusterName, authority = 1, 1, 2
	host := cluster[strings.LastIndexByte(cluster, '|')+1:]
	var room [64]byte
	target := appendField(room[:0], clusterName, cluster)
	if host != cluster && host != "" {
		target = appendField(target, authority, host)
	}
	return appendField(b, envoyGRPC, string(target))
}

// appendField appends a field of a message whose content has a length.
func appendField(b []byte, number byte, content string) []byte {
	const sized = 2
	b = append(b, number<<3|sized)
	b = binary.AppendUvarint(b, uint64(len(content)))
	return append(b, content...)
}
