package counter

import (
	"crypto/sha256"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// Shared names the counters that the proxies of a fleet share. Their names are hashed under
// the secret of the fleet, so that all proxies find the same, and the service that counts
// learns nothing about clients.
type Shared struct {
	*table.Names
	// Fleet is a hash of the fleet itself, for a proxy that belongs to several.
	Fleet uint64
}

// NewShared returns the names of a fleet, nil if there is none.
func NewShared(f *config.Fleet) *Shared {
	if f == nil {
		return nil
	}
	hash := sha256.Sum256(append([]byte("gatewarden fleet\x00"), f.Secret...))
	s := &Shared{Names: table.NewNames(table.Seed(hash[:len(table.Seed{})]))}
	s.Fleet = s.Key([]byte("fleet"), []byte(f.Cluster), []byte(f.Domain)).Fingerprint() | 1 // 0 is none
	return s
}

// Or returns the names of the fleet or, if there is none, those of this proxy.
func (s *Shared) Or(own *table.Names) *table.Names {
	if s == nil {
		return own
	}
	return s.Names
}
