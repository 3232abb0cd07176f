package native

import "unsafe"

// lent is the memory of host calls' results. As in the filter's own (see
// internal/proxywasm) they are gone when the next callback begins: what a stream kept
// of them would be somebody else's bytes. Here they become 0xFF, which no test
// expects.
type lent struct{ blocks [][]byte }

func (l *lent) lend(result []byte) []byte {
	block := append([]byte(nil), result...)
	l.blocks = append(l.blocks, block)
	return block
}

func (l *lent) lendString(result string) string {
	block := l.lend([]byte(result))
	return unsafe.String(unsafe.SliceData(block), len(block))
}

// takeBack ends the use of everything that was lent.
func (l *lent) takeBack() {
	for _, block := range l.blocks {
		for i := range block {
			block[i] = 0xFF
		}
	}
	l.blocks = l.blocks[:0]
}
