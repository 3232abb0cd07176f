package accesslog

// Traefik's JSON has the time at which the request came, a duration in nanoseconds, and
// headers of the request if it is told to log them. ClientHost is X-Forwarded-For where
// Traefik trusts that. Its text is that of common.go.
// See https://doc.traefik.io/traefik/observability/access-logs/
var traefikNames = []foreignName{
	{"StartUTC", fieldBegun, fieldTime, 1},
	{"StartLocal", fieldBegun, fieldTime, 2},
	{"Duration", fieldNanoseconds, fieldDuration, 1},
	{"ClientHost", fieldClient, fieldClient, 8},
	{"RequestMethod", fieldMethod, fieldMethod, 9},
	{"RequestPath", fieldPath, fieldPath, 8},
	{"RequestHost", fieldAuthority, fieldAuthority, 9},
	{"DownstreamStatus", fieldStatus, fieldStatus, 8},
	{"request_Authorization", fieldCredential, fieldCredential, 9},
	{"request_X-Forwarded-For", fieldForwarded, fieldForwarded, 8},
}
