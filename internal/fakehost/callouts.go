package fakehost

import (
	"bytes"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Call records a call to another server and returns its number, unless NoCalls is set.
func (h *Host) Call(c *proxy.Call) (number uint32, ok bool) {
	h.record("call")
	if h.NoCalls {
		return 0, false
	}
	h.Sent = append(h.Sent, c)
	return uint32(len(h.Sent)), true
}

// AnswerStatus returns CallStatus.
func (h *Host) AnswerStatus() string { h.record("answer status"); return h.CallStatus }

// AnswerBody returns the beginning of CallBody.
func (h *Host) AnswerBody(size int) []byte {
	h.record("answer body")
	return []byte(h.CallBody[:min(size, len(h.CallBody))])
}

// CallGRPC records a gRPC call and returns its number, unless NoGRPC is set.
func (h *Host) CallGRPC(c *proxy.GRPCCall) (number uint32, ok bool) {
	h.record("grpc call")
	if h.NoGRPC {
		return 0, false
	}
	sent := *c
	sent.Message = bytes.Clone(c.Message)
	h.SentGRPC = append(h.SentGRPC, &sent)
	return uint32(len(h.SentGRPC)), true
}

// GRPCMessage returns the beginning of GRPCBody.
func (h *Host) GRPCMessage(size int) []byte {
	h.record("grpc message")
	return []byte(h.GRPCBody[:min(size, len(h.GRPCBody))])
}

// Attend makes the further calls act on a stream.
func (h *Host) Attend(stream uint32) { h.record("attend"); h.Attended = stream }

// Reply records a reply.
func (h *Host) Reply(r *proxy.Reply) {
	h.record("reply")
	h.Replies = append(h.Replies, r)
}

// Resume records that the attended stream was resumed.
func (h *Host) Resume() { h.record("resume"); h.Resumed = append(h.Resumed, h.Attended) }
