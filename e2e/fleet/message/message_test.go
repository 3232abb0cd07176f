// Package message compares what the filter writes and reads of Envoy's rate limit
// protocol with the Go types that Envoy publishes.
package message

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	common "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	protocol "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gatewarden/gatewarden/filter/fleet/message"
)

// FuzzRequest lets the published type read what the filter writes. Its texts come from the
// configuration, which is JSON, so they are valid UTF-8.
func FuzzRequest(f *testing.F) {
	f.Add("gatewarden", "lockout/rest", "0123456789abcdef0123456789abcdef", uint64(1), uint8(2))
	f.Add("", "", "", uint64(0), uint8(0))
	f.Add("d", string(make([]byte, 200)), "k", uint64(1<<63), uint8(1))
	f.Fuzz(func(t *testing.T, domain, rule, key string, hits uint64, more uint8) {
		if !utf8.ValidString(domain) || !utf8.ValidString(rule) || !utf8.ValidString(key) {
			return
		}
		want := &protocol.RateLimitRequest{Domain: domain}
		var descriptors []message.Descriptor
		for i := range uint64(more % 130) {
			descriptors = append(descriptors, message.Descriptor{Rule: rule, Key: key, Hits: hits - i})
			want.Descriptors = append(want.Descriptors, &common.RateLimitDescriptor{
				Entries:    []*common.RateLimitDescriptor_Entry{{Key: "rule", Value: rule}, {Key: "key", Value: key}},
				HitsAddend: wrapperspb.UInt64(hits - i),
			})
		}
		got := &protocol.RateLimitRequest{}
		b := message.AppendRequest(nil, domain, descriptors)
		if err := proto.Unmarshal(b, got); err != nil || !proto.Equal(got, want) {
			t.Errorf("%x is read as %v (%v), and not as %v", b, got, err, want)
		}
	})
}

// published reads a response as the published type does.
func published(b []byte) (overall message.Code, statuses []message.Status, err error) {
	var response protocol.RateLimitResponse
	if err := proto.Unmarshal(b, &response); err != nil {
		return 0, nil, err
	}
	for _, s := range response.Statuses {
		statuses = append(statuses, message.Status{
			Code: message.Code(s.GetCode()), Left: s.GetLimitRemaining(), Reset: reset(s.GetDurationUntilReset()),
			HasLimit: s.CurrentLimit != nil, Limit: s.GetCurrentLimit().GetRequestsPerUnit(), Unit: message.Unit(s.GetCurrentLimit().GetUnit()),
		})
	}
	return message.Code(response.OverallCode), statuses, nil
}

// reset rounds up, and brings what no Duration may be within its bounds.
func reset(d *durationpb.Duration) int64 {
	if d.GetSeconds() < 0 {
		return 0
	}
	ms := min(d.GetSeconds(), 315_576_000_000) * 1000
	if nanos := int64(d.GetNanos()); nanos > 0 {
		ms += (min(nanos, 999_999_999)-1)/1_000_000 + 1
	}
	return ms
}

// FuzzResponse reads bytes by both. If the published type accepts them, the filter does
// and finds the same, except for groups, which it refuses, and more statuses than its
// bound. If the filter accepts what the published type refuses, it is for the content of
// fields that the filter skips: invalid UTF-8 in a text, or a submessage that is cut.
func FuzzResponse(f *testing.F) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		f.Add(response(random))
		f.Add(broken(random, response(random)))
	}
	f.Fuzz(func(t *testing.T, b []byte) { compare(t, b) })
}

// TestRandomResponses compares many that have unknown fields and parts to be merged.
func TestRandomResponses(t *testing.T) {
	accepted, refused := 0, 0
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 2))
		b := response(random)
		if _, _, err := published(b); err != nil {
			t.Fatalf("the test's own response %x is refused: %v", b, err)
		}
		compare(t, b)
		b = broken(random, b)
		compare(t, b)
		if _, _, err := published(b); err == nil {
			accepted++
		} else {
			refused++
		}
	}
	if accepted < 1000 || refused < 1000 {
		t.Errorf("of the broken ones %d are accepted, and %d refused: the test does not reach both", accepted, refused)
	}
}

func compare(t *testing.T, b []byte) {
	t.Helper()
	wantOverall, want, err := published(b)
	overall, statuses, ok := message.ReadResponse(b, nil)
	switch {
	case err == nil && ok:
		if overall != wantOverall || !slices.Equal(statuses, want) {
			t.Errorf("%x is read as %v %+v, and not as %v %+v", b, overall, statuses, wantOverall, want)
		}
	case err == nil:
		if len(want) <= 1024 && !grouped(b, responseFields) {
			t.Errorf("%x is refused, and is %v %+v", b, wantOverall, want)
		}
	case ok:
		if read, err := stripped(b, responseFields); err != nil || proto.Unmarshal(read, &protocol.RateLimitResponse{}) != nil {
			t.Errorf("%x is read as %v %+v, and not refused, although a field that is read is wrong", b, overall, statuses)
		}
	}
}

// fields says which fields of a message are read: by number, with the fields of those that
// are messages.
type fields map[protowire.Number]fields

var responseFields = fields{1: nil, 2: {1: nil, 2: {1: nil, 2: nil}, 3: nil, 4: {1: nil, 2: nil}}}

// stripped returns a message without what is not read.
func stripped(b []byte, read fields) (rest []byte, err error) {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeField(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		inner, known := read[number]
		switch {
		case known && inner != nil && wire == protowire.BytesType:
			_, _, tag := protowire.ConsumeTag(b)
			content, _ := protowire.ConsumeBytes(b[tag:])
			if content, err = stripped(content, inner); err != nil {
				return nil, err
			}
			rest = protowire.AppendBytes(protowire.AppendTag(rest, number, wire), content)
		case known:
			rest = append(rest, b[:n]...)
		}
		b = b[n:]
	}
	return rest, nil
}

// grouped tells whether a message has a group, in itself or in a message that is read.
func grouped(b []byte, read fields) bool {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeField(b)
		if n < 0 {
			return false
		}
		if wire == protowire.StartGroupType {
			return true
		}
		if inner := read[number]; inner != nil && wire == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(b)
			if content, _ := protowire.ConsumeBytes(b[tag:]); grouped(content, inner) {
				return true
			}
		}
		b = b[n:]
	}
	return false
}
