package attempt

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// Spray counts the client at each account at which it failed with a guess at the time now.
func (s *State) Spray(guess *caller.Guess, now int64) {
	if s.rule == nil || s.rule.spraying.limit == 0 {
		return
	}
	for _, account := range s.accounts {
		s.sprayAt(account, guess, now)
	}
}

func (s *State) sprayAt(account string, guess *caller.Guess, now int64) {
	r := s.rule
	key := s.sprayingKey(account)
	running, now, ok := r.room.beginWindow(key, &r.spraying, now)
	switch {
	case !ok:
	case running.Count < r.spraying.limit:
		pair := r.room.table.Key(sprayingPairRule, r.name, []byte(account), s.client.Key[:])
		if r.room.countPair(key, pair, &r.spraying, running.WindowEnd, now) == r.spraying.limit {
			r.sprayings.Add(1)
			s.reportSpraying(account, now)
		}
	case r.spraying.lasting && !s.repeats(key, &r.slow, guess, now):
		r.room.fail(key, &r.slow, r.slow.Failures, now) // slow never locks
	}
}

// reportSpraying logs an account at which too many different clients failed. The line
// never has the account's name.
func (s *State) reportSpraying(account string, now int64) {
	r, log := s.rule, s.rule.room.log
	if !log.Allows(report.Signal, now) {
		return
	}
	line := report.NewLine("spraying").Field("surface", r.surface.Name).Field("account", log.Hash(account))
	log.Write(line.Number("clients", int64(r.spraying.limit)).Number("window", r.spraying.window/1000))
}

func (s *State) sprayingKey(account string) table.Key {
	return s.rule.room.table.Key(sprayingRule, s.rule.name, []byte(account))
}
