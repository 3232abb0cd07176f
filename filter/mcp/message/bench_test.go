package message

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRead reads a call and the argument that decides about its price.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10} {
		body := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"image_generate","arguments":{"prompt":"` +
			strings.Repeat("A cat on a mat. ", size/16) + `","quality":"premium"}}}`)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			var list []Message
			for b.Loop() {
				list, _ = Read(list[:0], body, false)
				if a, ok := list[0].Argument([]string{"quality"}); !ok || a.Text != "premium" {
					b.Fatal(a)
				}
			}
		})
	}
}
