package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The commands on the screen for a fleet do what the screen says, at both proxies.
func TestScreenIsTrueForAFleet(t *testing.T) {
	answers := screenAnswers(t, "-fleet")
	require.Len(t, answers, 5)
	assert.Equal(t, "200 200 \n", answers[0])
	// How many come before both know is a matter of milliseconds.
	assert.Regexp(t, `^(401 ){20}((401|429) )*429 429 \n$`, answers[1])
	assert.Len(t, strings.Fields(answers[1]), 30)
	assert.Equal(t, "429 429 \n", answers[2])
	assert.Empty(t, answers[3])
	assert.Regexp(t, `^200 429 (200 (200|429) )*200 200 \n$`, answers[4])
}

// The store is killed in the middle of an attack, and comes back.
func TestFleetAttack(t *testing.T) {
	freePlace(t)
	var out, log buffer
	code := command(t.Context(), []string{"attack", "-fleet"}, &out, &log)
	require.Zero(t, code, "%s\n%s", out.String(), log.String())
	t.Log(out.String())
	guesses := strings.TrimSpace(strings.Repeat("401 ", 10))
	assert.Contains(t, out.String(), guesses+"\n   "+guesses+"\n")
	assert.Contains(t, out.String(), "gatewarden: fleet not heard cluster=ratelimit calls=report")
	assert.Contains(t, out.String(), guesses+"\n   429\n   Proxy 1: gatewarden_fleet_reports_pending 1\n")
	assert.Regexp(t, `fleet heard again cluster=ratelimit calls=report\s+pending=1\n`, out.String())
	assert.Regexp(t, `Of the\s+customer's\s+\d+\s+requests,\s+0\s+were\s+refused`, out.String())
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len(line)-1, width, line)
	}
}
