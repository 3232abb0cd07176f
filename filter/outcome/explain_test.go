package outcome

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

// A logged response is a failure if the judgement of its headers is one.
func TestIsFailure(t *testing.T) {
	const with, without = true, false
	resource := &Rule{kind: config.KindAPI, lockout: &config.Lockout{Statuses: []int{401}}}
	token := &Rule{kind: config.KindOAuthToken, lockout: &config.Lockout{Statuses: []int{401}}}
	for _, row := range []struct {
		name         string
		rule         *Rule
		status, grpc int
		credential   bool
		want         bool
	}{
		{"a wrong credential", resource, 401, -1, with, true},
		{"no credential", resource, 401, -1, without, false},
		{"a right credential", resource, 200, -1, with, false},
		{"a wrong login", token, 401, -1, without, true},
		{"an error that the body tells", token, 400, -1, with, false},
		{"a wrong credential of gRPC", resource, 200, 16, with, true},
		{"no credential of gRPC", resource, 200, 16, without, false},
		{"another error of gRPC", resource, 200, 7, with, false},
		{"gRPC that a proxy answers", resource, 401, 16, with, true},
	} {
		if got := row.rule.IsFailure(row.status, row.grpc, row.credential); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}
