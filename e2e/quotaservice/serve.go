package quotaservice

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

// Serve answers requests until ctx ends, and ends overdue reservations meanwhile.
func (s *Service) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Hour}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.Expire(); err != nil {
				log.Printf("quota service: expiring reservations: %v", err)
			}
		case err := <-ended:
			return err
		case <-ctx.Done():
			// ctx has ended, and the requests that have begun get a moment.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			return errors.Join(server.Shutdown(last), server.Close())
		}
	}
}
