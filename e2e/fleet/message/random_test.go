package message

import (
	"math/rand/v2"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	protocol "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// response returns a random response as the published types write it, in pieces: that
// protobuf merges what comes twice is what the pieces show.
func response(random *rand.Rand) []byte {
	b := encode(&protocol.RateLimitResponse{OverallCode: protocol.RateLimitResponse_Code(random.IntN(4))})
	for range random.IntN(4) {
		b = append(b, unknown(random)...)
		b = append(b, encode(&protocol.RateLimitResponse{
			OverallCode:          protocol.RateLimitResponse_Code(random.IntN(3)),
			ResponseHeadersToAdd: headers(random),
		})...)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendBytes(b, status(random))
	}
	return b
}

func status(random *rand.Rand) (b []byte) {
	for range random.IntN(4) {
		piece := &protocol.RateLimitResponse_DescriptorStatus{
			Code:           protocol.RateLimitResponse_Code(number(random)),
			LimitRemaining: uint32(number(random)),
		}
		if random.IntN(2) == 0 {
			piece.CurrentLimit = &protocol.RateLimitResponse_RateLimit{
				Name: "name", RequestsPerUnit: uint32(number(random)), Unit: protocol.RateLimitResponse_RateLimit_Unit(random.IntN(9)),
			}
		}
		if random.IntN(2) == 0 {
			piece.DurationUntilReset = &durationpb.Duration{Seconds: int64(number(random)), Nanos: int32(number(random))}
		}
		b = append(b, encode(piece)...)
		b = append(b, unknown(random)...)
	}
	return b
}

// number is 0, small, or has any length.
func number(random *rand.Rand) uint64 { return random.Uint64() >> random.IntN(64) >> random.IntN(2) }

func headers(random *rand.Rand) (all []*core.HeaderValue) {
	for range random.IntN(3) {
		all = append(all, &core.HeaderValue{Key: "x-key", Value: "value"})
	}
	return all
}

// unknown is a field that no message of the protocol has.
func unknown(random *rand.Rand) []byte {
	field := protowire.Number(100 + random.IntN(1000))
	switch random.IntN(5) {
	case 0:
		return protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), number(random))
	case 1:
		return protowire.AppendFixed32(protowire.AppendTag(nil, field, protowire.Fixed32Type), random.Uint32())
	case 2:
		return protowire.AppendFixed64(protowire.AppendTag(nil, field, protowire.Fixed64Type), random.Uint64())
	case 3:
		return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), make([]byte, random.IntN(200)))
	}
	return nil
}

// broken changes a byte, cuts off the end, or doubles a piece.
func broken(random *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return []byte{byte(random.Uint32())}
	}
	b, at := append([]byte{}, b...), random.IntN(len(b))
	switch random.IntN(3) {
	case 0:
		b[at] = byte(random.Uint32())
	case 1:
		b = b[:at]
	default:
		b = append(b, b[at:]...)
	}
	return b
}

func encode(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}
