package report

import "testing"

func TestCause(t *testing.T) {
	for _, row := range []struct {
		cause Cause
		want  string
	}{
		{Cause{Status: 401}, "status_401"},
		{Cause{Code: "invalid_grant"}, "invalid_grant"},
		{Cause{Status: 400, Code: "invalid_grant"}, "invalid_grant"},
		{Cause{}, "status_0"},
	} {
		if got := row.cause.String(); got != row.want {
			t.Errorf("%+v is %q, want %q", row.cause, got, row.want)
		}
	}
}
