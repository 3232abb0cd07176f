package fleet

import (
	"context"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// Fault is something that goes wrong.
type Fault struct {
	Name string
	// Setup changes the stand that it needs.
	Setup func(o *fleet.Options)
	// Begin makes it go wrong, and End mends it. Without End, it mends itself.
	Begin func(ctx context.Context, s *fleet.Stand) error
	End   func(ctx context.Context, s *fleet.Stand) error
}

// Faults are all of them. skew is how far the clock of one service is ahead.
func Faults(skew time.Duration) []Fault {
	return []Fault{
		{
			Name:  "Redis killed",
			Begin: do(func(s *fleet.Stand) { s.Redis.Kill() }),
			End:   func(ctx context.Context, s *fleet.Stand) error { return s.Redis.Start(ctx) },
		},
		{
			Name:  "Redis frozen",
			Begin: do(func(s *fleet.Stand) { s.Redis.Freeze() }),
			End:   do(func(s *fleet.Stand) { s.Redis.Thaw() }),
		},
		{
			Name:  "ratelimit killed",
			Begin: do(func(s *fleet.Stand) { s.Service.Kill() }),
			End:   func(ctx context.Context, s *fleet.Stand) error { return s.Service.Start(ctx) },
		},
		{
			Name:  "ratelimit frozen",
			Begin: do(func(s *fleet.Stand) { s.Service.Freeze() }),
			End:   do(func(s *fleet.Stand) { s.Service.Thaw() }),
		},
		troubled("answers 500 ms late", fleet.Trouble{Delay: 500 * time.Millisecond}),
		troubled("answers that are not HTTP/2", fleet.Trouble{Garbage: []byte("\x16\x03\x01 this is not HTTP/2 \x00\xff")}),
		garbled(),
		troubled("connections reset in mid-answer", fleet.Trouble{Reset: true}),
		troubled("a partition", fleet.Trouble{Partition: true}),
		{
			Name:  "the clock of one service ahead",
			Setup: func(o *fleet.Options) { o.Skew = skew },
			Begin: do(func(*fleet.Stand) {}),
		},
		{
			Name:  "failover of Redis",
			Setup: func(o *fleet.Options) { o.Failover = true },
			Begin: do(func(s *fleet.Stand) { s.Pair.Master.Kill() }),
		},
	}
}

func do(what func(s *fleet.Stand)) func(context.Context, *fleet.Stand) error {
	return func(_ context.Context, s *fleet.Stand) error {
		what(s)
		return nil
	}
}

// troubled is a fault of the connections between the proxies and the service.
func troubled(name string, t fleet.Trouble) Fault {
	return Fault{
		Name:  name,
		Begin: do(func(s *fleet.Stand) { s.Disturb(t) }),
		End:   do(func(s *fleet.Stand) { s.Heal() }),
	}
}

// garbled has a service of the right protocol answer messages that are not protobuf.
func garbled() Fault {
	var garble *fleet.Garble
	return Fault{
		Name: "answers that are not protobuf",
		Begin: func(_ context.Context, s *fleet.Stand) (err error) {
			if garble, err = fleet.StartGarble([]byte("\x12\xff\xff\xff\xff\xffnonsense")); err != nil {
				return err
			}
			s.Redirect(garble.Address)
			return nil
		},
		End: do(func(s *fleet.Stand) {
			s.Redirect(s.Service.Address)
			garble.Stop()
		}),
	}
}
