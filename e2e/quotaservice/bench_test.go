package quotaservice_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

// BenchmarkReserveAndCommit measures 32 clients a processor at once, with a database on the disk.
func BenchmarkReserveAndCommit(b *testing.B) {
	service, err := quotaservice.New(quotaservice.Options{
		File: filepath.Join(b.TempDir(), "quota.db"), Token: token, Now: time.Now,
		Accounts: []quotaservice.Account{{Tenant: "acme", Limit: 1<<32 - 1, Window: quotaservice.Month}},
	})
	require.NoError(b, err)
	defer service.Close()
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			key := fmt.Sprintf("%032x", n.Add(1))
			for _, operation := range []string{reserve, commit} {
				body := map[string]string{reserve: wants("acme", 1, 60), commit: spends(1)}[operation]
				if w := serve(service, newRequest(operation, key, body)); w.Code != 200 {
					b.Error(w.Code, w.Body)
					return
				}
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}
