package port

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHold(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		l, err := Hold()
		require.NoError(t, err)
		defer l.Close()
		address, ok := l.Addr().(*net.TCPAddr)
		require.True(t, ok)
		assert.False(t, seen[address.Port], "held twice")
		assert.Less(t, address.Port, last)
		seen[address.Port] = true
	}
}
