package accesslog

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// errXZ is the error for xz, the one common format of rotated logs that is not read.
var errXZ = errors.New("it is compressed with xz; write: xz -dc FILE | gatewarden simulate -")

// decompress tells by the first bytes, never by the name, whether a file is
// compressed.
func decompress(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	begin, err := buffered.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(begin, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.HasPrefix(begin, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// One goroutine and a bounded window bound the memory for any file.
		const window = 128 << 20
		return zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
	case bytes.HasPrefix(begin, []byte("BZh")):
		return bzip2.NewReader(buffered), nil
	case bytes.HasPrefix(begin, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return nil, errXZ
	}
	return buffered, nil
}
