package e2e

import (
	big "encoding/binary"
	"errors"
	"io"
	"net"
)

// The few HTTP/2 frames (RFC 9113 section 6) that a client needs which breaks
// the rules on purpose.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameRSTStream    = 0x3
	frameSettings     = 0x4
	frameGoAway       = 0x7
	frameWindowUpdate = 0x8

	endStream  = 0x1
	endHeaders = 0x4
)

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := big.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = big.BigEndian.AppendUint32(append(b, flags), stream)
	return append(b, payload...)
}

// plainFields writes header fields without compression (RFC 7541 section
// 6.2.2). Names and values are shorter than 127 bytes.
func plainFields(fields ...string) (b []byte) {
	for i := 0; i < len(fields); i += 2 {
		b = append(b, 0, byte(len(fields[i])))
		b = append(append(b, fields[i]...), byte(len(fields[i+1])))
		b = append(b, fields[i+1]...)
	}
	return b
}

// openStream begins a connection and sends a guess at the token endpoint on its
// first stream.
func openStream(conn net.Conn, word string) error {
	b := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	b = append(b, frame(frameSettings, 0, 0, nil)...)
	b = append(b, frame(frameHeaders, endHeaders, 1, plainFields(
		":method", "POST", ":scheme", "http", ":authority", "x", ":path", "/oauth/token",
		"content-type", form[1], "authorization", basic[1], "x-chaos", word))...)
	b = append(b, frame(frameData, endStream, 1, []byte(guessGrant))...)
	_, err := conn.Write(b)
	return err
}

// awaitHeaders reads frames up to the response headers of the first stream.
func awaitHeaders(conn net.Conn) error {
	for range 100 {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			return err
		}
		size := big.BigEndian.Uint32(head) >> 8
		if _, err := io.CopyN(io.Discard, conn, int64(size)); err != nil {
			return err
		}
		if head[3] == frameHeaders && big.BigEndian.Uint32(head[5:]) == 1 {
			return nil
		}
	}
	return errors.New("no response headers in a hundred frames")
}
